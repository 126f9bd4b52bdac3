import type { Alert, Incident, IncidentStatus, OcsfEvent, Verdict } from "@outweigh/schema";

/** An incident with what proves it: what every export is made from. */
export interface Story {
  readonly incident: Incident & {
    readonly number: number;
    readonly status: IncidentStatus;
    readonly verdict?: Verdict | undefined;
    readonly assignee?: string | undefined;
    readonly createdAt: number;
    readonly updatedAt: number;
  };
  readonly alerts: readonly Alert[];
  readonly events: readonly OcsfEvent[];
}
