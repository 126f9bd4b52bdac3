import type { Grade, OcsfEvent, WayIn } from "@outweigh/schema";

/** What a way in is worth, and why. */
export interface GradeOf {
  readonly grade: Grade;
  /** What was checked, in words. */
  readonly basis: string;
  /** What would raise it, where the source's owner can do something. */
  readonly raise?: string;
}

const byTls = "send it over TLS with a client certificate: tls with clientCa in outweigh.yml";

const ways: Readonly<Record<WayIn, GradeOf>> = {
  "agent-key": { grade: "signed", basis: "in a report signed by the key of its host's agent" },
  "gateway-key": { grade: "signed", basis: "in a report signed by its gateway's key" },
  "digest-file": { grade: "signed", basis: "in a log file that a chain of CloudTrail's signed digest files names" },
  server: { grade: "authenticated", basis: "seen by this server, or by a program that it started" },
  people: { grade: "authenticated", basis: "agreed to here, by people who had signed in" },
  token: { grade: "authenticated", basis: "sent with a token of its source" },
  bucket: { grade: "authenticated", basis: "fetched from its bucket, over TLS" },
  "client-certificate": { grade: "authenticated", basis: "sent over TLS with a client's certificate" },
  "bucket-plain": {
    grade: "plain",
    basis: "fetched from its bucket, without TLS",
    raise: "give the bucket's address as https",
  },
  tls: { grade: "plain", basis: "sent over TLS by a client that showed no certificate", raise: byTls },
  tcp: { grade: "plain", basis: "sent over TCP", raise: byTls },
  udp: { grade: "plain", basis: "sent over UDP", raise: byTls },
  file: {
    grade: "plain",
    basis: "read from a watched file",
    raise: "send it to /api/ingest with a token of its source, or over TLS with a client certificate",
  },
  given: {
    grade: "plain",
    basis: "read from a file that was given",
    raise: "of CloudTrail, give its digest files too, with the public keys that AWS lists for them: --digest-keys",
  },
};

/** The grade of what comes in on a way. What was really checked decides the way, at receipt; no configuration does. */
export function gradeOf(way: WayIn): GradeOf {
  return ways[way];
}

/** Writes the grade into an event of ours. Without a way, it has none: an event's own fields never give it one. */
export function putGrade(event: OcsfEvent, way: WayIn | undefined): void {
  if (way !== undefined) {
    const { grade, basis } = ways[way];
    event.grade = grade;
    event.grade_basis = basis;
    return;
  }
  if (event.grade !== undefined) delete event.grade;
  if (event.grade_basis !== undefined) delete event.grade_basis;
}
