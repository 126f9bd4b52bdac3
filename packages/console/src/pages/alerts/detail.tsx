import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useRouter } from "@tanstack/react-router";
import { alertQuery } from "../../api/queries.ts";
import { Level } from "../../ui/level.tsx";
import { Actions, Page, Section, Title } from "../../ui/parts.tsx";
import { useShortcuts } from "../../ui/shortcuts.ts";
import { Failed, Partial, Waiting } from "../../ui/states.tsx";
import { FilterBy, Shown } from "../../ui/text.tsx";
import { pivot } from "../fields.ts";
import { useEverywhere } from "../own-rules/may.ts";
import { Background, DoNext } from "../playbooks/playbook.tsx";
import { AlertMeta, Claim, Particulars, ProvingEvents, RuleText } from "./body.tsx";
import { Linked } from "../clients/linked.tsx";
import { Matched } from "./matched.tsx";

/** One alert's page: the claim, why it matched, the events it rests on, and what the rule does not see. */
export function AlertPage() {
  const { id = "" } = useParams({ strict: false });
  const router = useRouter();
  const navigate = useNavigate();
  const { data, error, errorUpdatedAt, refetch } = useQuery(alertQuery(id));
  const mayExcept = useEverywhere("analyst");
  useShortcuts({ back: () => (router.history.canGoBack() ? router.history.back() : void navigate({ to: "/alerts" })) });
  if (error && !data) {
    return (
      <Failed
        what="The alert cannot be read"
        error={error}
        since={errorUpdatedAt}
        again={() => void refetch()}
        stillWorks="Its incident and its events can be read without it."
      />
    );
  }
  if (!data) return <Waiting lines={12} />;
  return (
    <FilterBy
      value={(...value) => {
        const { to, filter } = pivot(...value);
        void navigate({ to, search: { filter } });
      }}
    >
      <Page
        title={data.alert.title}
        crumb={
          <>
            <Link to="/alerts">Alerts</Link> / <Shown>{data.alert.rule}</Shown>
          </>
        }
        head={
          <>
            <Level of={data.alert.severity} />
            <Title meta={<AlertMeta of={data} />}>{data.alert.title}</Title>
          </>
        }
        actions={
          mayExcept && (
            <Actions>
              <Link to="/own-rules/draft" search={{ by: "alert", sel: data.alert.id }}>
                This is fine: write an exception
              </Link>
            </Actions>
          )
        }
        side={
          <>
            <Particulars of={data} />
            {data.playbook && <DoNext playbooks={[data.playbook]} facts={data.alert} />}
            {data.playbook && <Background playbooks={[data.playbook]} />}
          </>
        }
      >
        <Partial of={data} />
        <Claim of={data} />
        {data.alert.linked && (
          <Linked
            of={data.alert.linked}
            retests={[data.alert.linked.retest]}
            alpha={data.alert.linked.alpha}
            idOf={() => undefined}
          />
        )}
        <Section title="Why it matched">
          <Matched of={data.alert.matched} />
        </Section>
        <ProvingEvents of={data} />
        <RuleText of={data} />
      </Page>
    </FilterBy>
  );
}
