import type { ModelDetail } from "@outweigh/schema";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useRouter } from "@tanstack/react-router";
import { modelQuery } from "../../api/queries.ts";
import { count, size } from "../../format/size.ts";
import { span } from "../../format/time.ts";
import { Level } from "../../ui/level.tsx";
import { Dotted, Facts, Page, Prose, Section, Title } from "../../ui/parts.tsx";
import { useShortcuts } from "../../ui/shortcuts.ts";
import { Failed, Waiting } from "../../ui/states.tsx";
import { FilterBy, Middle, Mono, Muted, Shown, Value } from "../../ui/text.tsx";
import { Ago, At, useNow } from "../../ui/when.tsx";
import { Holdings } from "../books/holdings.tsx";
import { pivot } from "../fields.ts";
import { Watch } from "../watched/watch.tsx";
import { CopyMap } from "./copy-map.tsx";
import { Coverage } from "./coverage.tsx";
import { Listeners, TheftPaths } from "./exposure.tsx";
import { Permits } from "./permits.tsx";
import { balanceSentence } from "./words.ts";
import s from "./models.module.css";

/** One model: where its copies are, who holds how much of it, how it could be taken, and when nobody saw. */
export function ModelPage() {
  const { name = "" } = useParams({ strict: false });
  const router = useRouter();
  const navigate = useNavigate();
  const { data, error, errorUpdatedAt, refetch } = useQuery(modelQuery(name));
  useShortcuts({ back: () => (router.history.canGoBack() ? router.history.back() : void navigate({ to: "/models" })) });
  if (data) return <Told of={data} />;
  if (!error) return <Waiting lines={12} />;
  return (
    <Failed
      what="The model cannot be read"
      error={error}
      since={errorUpdatedAt}
      again={() => void refetch()}
      stillWorks="Reads of it go on being booked."
    />
  );
}

function Told({ of: it }: { readonly of: ModelDetail }) {
  const navigate = useNavigate();
  return (
    <FilterBy
      value={(...value) => {
        const { to, filter } = pivot(...value);
        void navigate({ to, search: { filter } });
      }}
    >
      <Page
        title={it.model.name}
        crumb={
          <>
            <Link to="/models">Models</Link> / <Shown>{it.model.name}</Shown>
          </>
        }
        head={
          <Title
            meta={
              <Dotted>
                {[
                  it.model.class ?? "not registered",
                  it.model.bytes !== undefined && size(it.model.bytes),
                  it.model.tensors !== undefined && `${count(it.model.tensors)} tensors`,
                  it.model.formats.join(", "),
                  it.model.watched && "watched after a theft",
                ]}
              </Dotted>
            }
          >
            {it.model.name}
          </Title>
        }
        side={<Side of={it} />}
      >
        <Section title="Books">
          <Prose>{balanceSentence(it.model)}</Prose>
          <Coverage of={it.model} holdings={it.holdings} />
        </Section>
        <CopyMap of={it} />
        <Holdings holdings={it.holdings} coalitions={it.coalition ? [it.coalition] : []} />
        <TheftPaths of={it.paths} />
        <Listeners of={it.listeners} />
        <Gaps of={it.gaps} />
      </Page>
    </FilterBy>
  );
}

function Side({ of: it }: { readonly of: ModelDetail }) {
  return (
    <>
      {it.model.watched && <Watch of={it.model.watched} />}
      <Permits of={it} />
      <Incidents of={it.incidents} />
      <Section title="Declared places">
        {it.places.length === 0 && <Muted>None: every copy of it is undeclared, or it is not registered.</Muted>}
        {it.places.map((place) => (
          <div className={s.place} key={place}>
            <Middle copy>{place}</Middle>
          </div>
        ))}
      </Section>
      <Section title="Who may read it">
        {it.allowedReaders.length === 0 && <Muted>Nobody is declared: every read is accounted for by nobody.</Muted>}
        {it.allowedReaders.map((reader) => (
          <div className={s.place} key={reader}>
            <Value field="principal">{reader}</Value>
          </div>
        ))}
      </Section>
      <Section title="Particulars">
        <Facts
          rows={[
            ["Owner", it.model.owner && <Shown key="owner">{it.model.owner}</Shown>],
            ["Value", it.model.value !== undefined && <Mono key="value">{count(it.model.value)}</Mono>],
            [
              "Digest",
              it.model.digest && (
                <Middle copy key="digest">
                  {it.model.digest}
                </Middle>
              ),
            ],
          ]}
        />
      </Section>
    </>
  );
}

function Incidents({ of }: { readonly of: ModelDetail["incidents"] }) {
  return (
    <Section title="Incidents" aside={<Muted>{count(of.length)}</Muted>}>
      {of.length === 0 && <Muted>None.</Muted>}
      {of.map((it) => (
        <div className={s.place} key={it.id}>
          <Level of={it.severity} /> <Muted>INC-{it.number} · </Muted>
          <Ago at={it.lastAt} />
          <div>
            <Link to="/incidents/$id" params={{ id: it.id }}>
              <Shown>{it.title}</Shown>
            </Link>
          </div>
        </div>
      ))}
    </Section>
  );
}

/** What was not seen of it: the books are silent about these times. */
function Gaps({ of }: { readonly of: ModelDetail["gaps"] }) {
  const now = useNow();
  if (of.length === 0) return null;
  return (
    <Section title="When its sources did not see" aside={<Muted>{count(of.length)}</Muted>}>
      {of.map((it) => (
        <p key={JSON.stringify([it.source, it.from])}>
          <Shown>{it.source}</Shown> for {span((it.to ?? now) - it.from)}, from <At at={it.from} />
          {it.to === undefined ? ", still" : ""}
          {it.reason && (
            <Muted>
              {" "}
              · <Shown>{it.reason}</Shown>
            </Muted>
          )}
        </p>
      ))}
    </Section>
  );
}
