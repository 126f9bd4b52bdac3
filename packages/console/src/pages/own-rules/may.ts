import { includesRole, type Role } from "@outweigh/schema";
import { useQuery } from "@tanstack/react-query";
import { sessionQuery } from "../../api/queries.ts";

/** Whether who looks has this role everywhere: what people wrote may name what lies in any space. The server decides. */
export function useEverywhere(role: Role): boolean {
  const { data } = useQuery(sessionQuery);
  return data?.user.grants.some((it) => it.space === undefined && includesRole(it.role, role)) ?? false;
}
