import type { RulePage, RuleRow } from "@outweigh/schema";
import { Link } from "@tanstack/react-router";
import { lists } from "../../api/queries.ts";
import { count, plural } from "../../format/size.ts";
import type { Column } from "../../ui/grid.tsx";
import { Level } from "../../ui/level.tsx";
import { ListPage } from "../../ui/list-page.tsx";
import { Bullets, Dotted, Facts, Section, Tags, Title } from "../../ui/parts.tsx";
import { Empty } from "../../ui/states.tsx";
import { Mono, Muted, Shown, Value } from "../../ui/text.tsx";
import { Ago } from "../../ui/when.tsx";
import { pivot, ruleFields } from "../fields.ts";
import { useEverywhere } from "../own-rules/may.ts";
import { Backtest } from "./backtest.tsx";
import { statusText } from "./words.ts";
import s from "./rules.module.css";

/** What is looked for, how often it spoke, and what it does not see. */
export function RuleList() {
  return (
    <ListPage
      list="rules"
      title="Rules"
      read={lists.rules}
      columns={columns}
      idOf={idOf}
      fields={ruleFields}
      placeholder="All rules. Filter: level:>=high kind:detector"
      banner={(page) => <Loaded of={page} />}
      pane={(it) => <Pane of={it} />}
      empty={() => (
        <Empty title="No rule is loaded">
          <p>
            Rules come with the release under <code>content/rules</code>. <code>npx outweigh rules test</code> says
            whether they can be read.
          </p>
        </Empty>
      )}
      pivot={pivot}
      stillWorks="Detection runs with the rules it was started with."
    />
  );
}

/** What is in use, counted as `rules test` counts it, and what is not, with the reason. */
function Loaded({ of: { inUse, refused } }: { readonly of: RulePage }) {
  const mayLook = useEverywhere("viewer");
  return (
    <div className={s.loaded} role="status">
      {mayLook && <Link to="/own-rules">Exceptions and own rules</Link>}{" "}
      {inUse &&
        `${plural(inUse.rules, "rule")}${inUse.parts === undefined ? "" : ` in ${plural(inUse.parts, "part")}`} and ${plural(inUse.detectors, "detector")} in use; each part has a line`}
      {refused.map((it) => (
        <div key={it.rule}>
          <strong>
            Not used: <Shown>{it.rule}</Shown>
          </strong>{" "}
          <Muted>
            <Shown>{it.reason}</Shown>
          </Muted>
        </div>
      ))}
    </div>
  );
}

const idOf = (it: RuleRow) => it.id;

const columns: readonly Column<RuleRow>[] = [
  {
    id: "level",
    title: "Level",
    track: "124px",
    sort: "-level",
    cell: (it) => <Level of={it.level} />,
  },
  {
    id: "title",
    title: "Rule",
    track: "minmax(200px, 1fr)",
    sort: "title",
    cell: (it) => <Shown>{it.title}</Shown>,
  },
  {
    id: "id",
    title: "Id",
    track: "minmax(140px, 0.5fr)",
    from: 860,
    sort: "id",
    cell: (it) => <Mono>{it.id}</Mono>,
  },
  {
    id: "kind",
    title: "Kind",
    track: "80px",
    sort: "kind",
    cell: (it) => (
      <Value field="kind" inRow word>
        {it.kind}
      </Value>
    ),
  },
  {
    id: "status",
    title: "Sigma status",
    track: "112px",
    from: 740,
    sort: "status",
    cell: (it) =>
      it.kind === "detector" ? (
        <Muted>—</Muted>
      ) : (
        <span title={statusText(it)}>
          <Value field="status" inRow word>
            {it.status}
          </Value>
        </span>
      ),
  },
  {
    id: "alerts",
    title: "Alerts",
    track: "72px",
    end: true,
    sort: "-alerts",
    cell: (it) => <span>{count(it.alerts)}</span>,
  },
  {
    id: "last",
    title: "Last alert",
    track: "86px",
    end: true,
    sort: "-last",
    cell: (it) => (it.lastAlertAt === undefined ? <Muted>never</Muted> : <Ago at={it.lastAlertAt} />),
  },
];

function Pane({ of: it }: { readonly of: RuleRow }) {
  const mayExcept = useEverywhere("analyst");
  return (
    <>
      <Level of={it.level} />
      <Title meta={<Dotted>{[<Mono key="id">{it.id}</Mono>, it.kind]}</Dotted>}>{it.title}</Title>
      <Section title="What it does not see">
        {it.blindspots.length > 0 ? (
          <Bullets items={it.blindspots} />
        ) : (
          <Muted>It declares no blind spot. That does not mean it has none.</Muted>
        )}
      </Section>
      <Section title="What it said">
        <p>
          <Link to="/alerts" search={{ filter: `rule:${it.id}` }}>
            {plural(it.alerts, "alert")}
          </Link>
          {it.lastAlertAt !== undefined && (
            <>
              , the last <Ago at={it.lastAlertAt} inWords />
            </>
          )}
        </p>
      </Section>
      <Section
        title="Exceptions"
        aside={
          mayExcept && (
            <Link to="/own-rules/draft" search={{ by: "rule", sel: it.id }}>
              Write one
            </Link>
          )
        }
      >
        {it.exceptions === 0 ? (
          <Muted>None: it speaks as it came.</Muted>
        ) : (
          <p>
            <Link to="/own-rules" search={{ filter: `rule:${it.id}` }}>
              {plural(it.exceptions, "exception")}
            </Link>
            {it.hidden > 0 && `, ${plural(it.hidden, "match", "matches")} hidden`}
          </p>
        )}
      </Section>
      {it.kind === "sigma" && <Backtest key={it.id} rule={it.id} />}
      <Section title="Particulars">
        <Facts
          rows={[
            ["Status", statusText(it)],
            ["Playbook", <Mono key="playbook">{it.playbook}</Mono>],
            [
              "Techniques",
              it.techniques.length > 0 && (
                <Tags>
                  {it.techniques.map((one) => (
                    <Mono key={one}>{one}</Mono>
                  ))}
                </Tags>
              ),
            ],
          ]}
        />
      </Section>
    </>
  );
}
