// An incident as a page for people who do not use the console: an owner, counsel, a customer.
import { bytesText, percentText, spanText } from "@outweigh/pipeline";
import { restsText, type IncidentDetail, type Objective, type Risk, type TimelineEntry } from "@outweigh/schema";
import { markup, type Html } from "./html.ts";

/** Lines of each part: a report is read; the pack holds everything. */
const maxLines = 300;

const risks: Readonly<Record<Risk, string>> = {
  "ip-loss": "Property lost",
  "competitive-disadvantage": "Competition",
  "attacker-research": "What attackers learnt",
  replication: "Copies elsewhere",
  "business-impact": "Who is concerned",
};
const objectives: Readonly<Record<Objective, string>> = {
  "gain-assets": "gaining the asset itself",
  "avoid-cost": "avoiding the cost of development",
  "study-behaviour": "studying how the model behaves",
  "competitive-advantage": "a competitive advantage",
  "later-attacks": "support for later attacks",
};

interface ReportOptions {
  readonly now: number;
  readonly by: string;
  readonly version: string;
}

/**
 * One file without scripts, that asks nobody for anything: it can be mailed and printed. What suspects wrote stands in it as text.
 * It is a telling, not a proof: the pack is what others can verify.
 */
export function incidentReport(detail: IncidentDetail, { now, by, version }: ReportOptions): string {
  const { incident } = detail;
  const title = `INC-${incident.number} ${incident.title}`;
  const page = markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>${title}</title>
        <style>
          ${style}
        </style>
      </head>
      <body>
        <header>
          <p class="muted">Incident report · Outweigh ${version} · made ${stamp(now)} for ${by}</p>
          <h1>${title}</h1>
          <p>
            ${incident.severity} · ${incident.status}${incident.verdict && ` as ${incident.verdict.replace("-", " ")}`}
            · ${incident.assignee ? `assigned to ${incident.assignee}` : "nobody assigned"} · ${stamp(incident.firstAt)}
            to ${stamp(incident.lastAt)}
          </p>
        </header>
        <h2>What happened</h2>
        <p>${detail.story}</p>
        ${restsOf(detail)}
        <p class="muted">Why these alerts stand together: ${incident.reason}</p>
        ${impactOf(detail)} ${holdingsOf(detail)} ${timelineOf(detail)} ${alertsOf(detail)} ${doneOf(detail)}
        ${unseenOf(detail)}
        <h2>How to check it</h2>
        <p>
          This page tells; it proves nothing. <code>outweigh pack INC-${incident.number}</code> prints what it rests on,
          signed and chained; <code>outweigh verify</code> checks that on any machine, without this server.
        </p>
      </body>
    </html> `;
  return page.text;
}

const style = markup`body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 14px/1.5 system-ui, sans-serif;
color: #1b2026; } h1 { font-size: 22px; } h2 { margin: 2rem 0 .5rem; font-size: 15px; } .muted { color: #57606a; } table
{ width: 100%; border-collapse: collapse; } td, th { padding: 4px 8px 4px 0; border-bottom: 1px solid #d8dee4;
text-align: start; vertical-align: top; } td { overflow-wrap: anywhere; } td:first-child, th:first-child { white-space:
nowrap; overflow-wrap: normal; } @media print { body { margin: 0; } h2 { break-after: avoid; } tr { break-inside: avoid;
} }`;

function restsOf({ rests }: IncidentDetail): Html {
  if (!rests) return markup``;
  return markup`<p>
    Its alerts rest on events that are, by what was checked when they came in: ${restsText(rests)}.
    <span class="muted">
      Signed: their maker's signature was checked. Authenticated: the sender proved who it is. Plain: anybody who can
      reach the source could have written them.
    </span>
  </p>`;
}

function impactOf({ impact }: IncidentDetail): Html {
  return markup`<h2>What it means</h2>
    <table>
      ${impact.risks.map(
        (it) =>
          markup`<tr>
            <td>${risks[it.risk]}</td>
            <td>${it.known ? it.said : markup`<span class="muted">Not known: ${it.said}</span>`}</td>
          </tr>`,
      )}
    </table>
    ${
      impact.objectives.length > 0 &&
      markup`<p>It is consistent with, as hypotheses:</p>
        <ul>
          ${impact.objectives.map((it) => markup`<li>${objectives[it.objective]}: ${it.because}</li>`)}
        </ul>`
    }
    ${
      impact.reach.length > 0 &&
      markup`<p>What else its principals reach:</p>
        <ul>
          ${impact.reach.map((it) => markup`<li>${it.principal}: may read ${namesOf(it.mayRead)}; holds bytes of ${namesOf(it.holds)}</li>`)}
        </ul>`
    }`;
}

function namesOf(names: readonly string[]): string {
  return names.length === 0 ? "nothing" : names.join(", ");
}

function holdingsOf({ holdings }: IncidentDetail): Html {
  if (holdings.length === 0) return markup``;
  const shown = holdings.toSorted((a, b) => Number(a.declared) - Number(b.declared) || b.bytes - a.bytes);
  return markup`<h2>Who holds how much</h2>
    <table>
      <tr>
        <th>Principal</th>
        <th>Model</th>
        <th>Bytes</th>
        <th>Share</th>
        <th>Accounted for</th>
      </tr>
      ${shown.slice(0, maxLines).map(
        (it) =>
          markup`<tr>
            <td>${it.principal}</td>
            <td>${it.model}</td>
            <td>${it.bound === "<=" && "at most "}${bytesText(it.bytes)}</td>
            <td>${it.fraction === undefined ? "not known" : percentText(it.fraction)}</td>
            <td>${it.declared ? "by a declared copy" : "by nobody"}</td>
          </tr>`,
      )}
    </table>
    ${restOf(shown.length)}`;
}

function timelineOf({ timeline }: IncidentDetail): Html {
  return markup`<h2>Timeline</h2>
    <table>
      ${timeline.slice(0, maxLines).map(
        (it) =>
          markup`<tr>
            <td>${stamp(it.at)}</td>
            <td>
              ${markOf(it)}${it.title}${overOf(it)}${it.detail && markup`<br /><span class="muted">${it.detail}</span>`}
            </td>
          </tr>`,
      )}
    </table>
    ${restOf(timeline.length)}`;
}

function markOf({ kind, severity }: TimelineEntry): string {
  if (kind === "alert") return `Alert, ${severity ?? "informational"}: `;
  return kind === "gap" ? "Not seen: " : kind === "action" ? "Action: " : "";
}

function overOf({ at, to }: TimelineEntry): string {
  return to !== undefined && to - at >= 1000 ? ` (over ${spanText(to - at)})` : "";
}

function alertsOf({ alerts }: IncidentDetail): Html {
  return markup`<h2>Alerts</h2>
    <table>
      <tr>
        <th>Severity</th>
        <th>What was seen</th>
        <th>Techniques</th>
      </tr>
      ${alerts.slice(0, maxLines).map(
        (it) =>
          markup`<tr>
            <td>${it.severity}</td>
            <td>${it.title}<br /><span class="muted">${it.summary}</span></td>
            <td>${it.techniques.join(" ")}</td>
          </tr>`,
      )}
    </table>
    ${restOf(alerts.length)}`;
}

function doneOf({ actions, comments, activity }: IncidentDetail): Html {
  return markup`<h2>What was done</h2>
    ${actions.length === 0 && markup`<p>No action was taken.</p>`}
    <table>
      ${actions.map(
        (it) =>
          markup`<tr>
            <td>${stamp(it.at)}</td>
            <td>${it.title}: ${it.state}, by ${it.by}<br /><span class="muted">${it.reason}</span></td>
          </tr>`,
      )}
      ${comments.map(
        (it) =>
          markup`<tr>
            <td>${stamp(it.at)}</td>
            <td>${it.by} wrote: ${it.text}</td>
          </tr>`,
      )}
      ${activity.slice(0, maxLines).map(
        (it) =>
          markup`<tr>
            <td>${stamp(it.at)}</td>
            <td>${it.by} ${it.text}</td>
          </tr>`,
      )}
    </table>`;
}

function unseenOf({ gaps, playbooks }: IncidentDetail): Html {
  const said = playbooks.flatMap((it) => it.sections.filter((one) => one.heading === unseenHeading));
  return markup`<h2>What was not seen</h2>
    ${gaps.length === 0 && markup`<p>No source that was expected to speak was silent around this time.</p>`}
    <ul>
      ${gaps.map(
        (it) =>
          markup`<li>
            ${it.source}: from ${stamp(it.from)}
            ${it.to === undefined ? "until now" : `for ${spanText(it.to - it.from)}`}${it.reason && `, ${it.reason}`}
          </li>`,
      )}${said.map((it) => markup`<li>${it.text}</li>`)}
    </ul>`;
}

/** A playbook's part that says what its detections miss. */
const unseenHeading = "What it does not see";

function restOf(all: number): Html {
  return all > maxLines ? markup`<p class="muted">and ${all - maxLines} more, in the pack</p>` : markup``;
}

function stamp(at: number): string {
  return `${new Date(Math.min(at, maxTime)).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** The last moment that a date can tell, in ms. */
const maxTime = 8_640_000_000_000_000;
