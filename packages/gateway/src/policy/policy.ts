import { gatewayPlan, type GatewayModel, type GatewaySection, type GatewayPlan } from "@outweigh/schema";
import { RouteTable, upstreamOf, type Upstream } from "./routes.ts";

/** The configuration as the data path uses it: never changed, replaced whole between two requests. */
export interface Policy {
  /** Counts the policies since the gateway started; every record carries it. */
  readonly epoch: number;
  readonly section: GatewaySection;
  readonly upstreams: readonly Upstream[];
  readonly routes: RouteTable;
  readonly models: ReadonlyMap<string, GatewayModel>;
  plan(name: string): GatewayPlan;
}

/** What holds for a key whose plan is not configured: everything is metered, log-probabilities are given alone. */
const defaultPlan = gatewayPlan.parse({});

/** @throws {GatewayError} BAD_CONFIG for variables that are not set and routes that two upstreams claim. */
export function compilePolicy(
  section: GatewaySection,
  environment: Readonly<Record<string, string | undefined>>,
  epoch: number,
): Policy {
  const upstreams = section.upstreams.map((it) => upstreamOf(it, environment));
  const plans = new Map(Object.entries(section.plans));
  const fallback = plans.get("default") ?? defaultPlan;
  return {
    epoch,
    section,
    upstreams,
    routes: new RouteTable(upstreams),
    models: new Map(section.models.map((it) => [it.name, it])),
    plan: (name) => plans.get(name) ?? fallback,
  };
}
