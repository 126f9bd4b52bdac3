import {
  accountName,
  personAddress,
  grantsText,
  roles,
  type AccountPage,
  type AccountRow,
  type Grant,
  type Invitation,
  type Role,
} from "@outweigh/schema";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { accountsQuery, decide } from "../../api/queries.ts";
import { Button } from "../../ui/button.tsx";
import { Buttons, Dialog, Form } from "../../ui/dialog.tsx";
import { Field, Select } from "../../ui/field.tsx";
import { Section } from "../../ui/parts.tsx";
import { Problem } from "../../ui/states.tsx";
import { Copy, Mono, Muted, Shown } from "../../ui/text.tsx";
import { Ago, At } from "../../ui/when.tsx";
import { roleText } from "./words.ts";
import s from "./settings.module.css";

type Open = { readonly invite: true } | { readonly change: AccountRow } | { readonly made: Invitation };

/** Who signs in by name, and inviting somebody. */
export function Accounts({ me }: { readonly me: string }) {
  const { data, error } = useQuery(accountsQuery);
  const [open, setOpen] = useState<Open>();
  const close = () => setOpen(undefined);
  return (
    <Section title="Accounts" aside={<Button onClick={() => setOpen({ invite: true })}>Invite a person</Button>}>
      {error && <Problem error={error} />}
      {data?.items.length === 0 && (
        <p>
          Nobody signs in by name yet: whoever has the shell of this machine does, with a link. Invite yourself first,
          as admin; from the first account on, a link is for emergencies and lasts an hour.
        </p>
      )}
      {data?.items.map((it) => (
        <div className={s.row} key={it.name}>
          <strong>
            <Shown>{it.name}</Shown>
          </strong>
          <span>
            {grantsText(it.grants)}
            {it.address !== undefined && (
              <>
                {" · "}
                <Shown>{it.address}</Shown>
              </>
            )}
          </span>
          <Muted>
            {stateText[it.state]}
            {it.by === "provider" && " · by the identity provider"}
            {it.lastSeenAt !== undefined && (
              <>
                {" · last seen "}
                <Ago at={it.lastSeenAt} inWords />
              </>
            )}
          </Muted>
          <span className={s.act}>
            <Button look="quiet" label={`Change ${it.name}`} onClick={() => setOpen({ change: it })}>
              Change
            </Button>
          </span>
        </div>
      ))}
      {open && data && "invite" in open && (
        <Invite spaces={data.spaces} onMade={(made) => setOpen({ made })} onClose={close} />
      )}
      {open && data && "change" in open && (
        <Change of={open.change} me={me} spaces={data.spaces} onMade={(made) => setOpen({ made })} onClose={close} />
      )}
      {open && "made" in open && <Made of={open.made} onClose={close} />}
    </Section>
  );
}

const stateText: Readonly<Record<AccountRow["state"], string>> = {
  invited: "invited, not here yet",
  active: "active",
  disabled: "disabled",
};

const everywhere = "everywhere";

interface GrantFieldsProps {
  readonly grant: Grant;
  readonly spaces: AccountPage["spaces"];
  readonly onChange: (it: Grant) => void;
}

function GrantFields({ grant, spaces, onChange }: GrantFieldsProps) {
  const of = (role: Role, space: string | undefined) => onChange({ role, ...(space !== undefined && { space }) });
  return (
    <>
      <Select
        label="Role"
        value={grant.role}
        options={roles.map((it) => ({ id: it, label: roleText[it] }))}
        onChange={(it) => of(it, grant.space)}
      />
      {spaces.length > 0 && (
        <Select
          label="Where"
          value={grant.space ?? everywhere}
          options={[
            { id: everywhere, label: "All models" },
            ...spaces.map((it) => ({ id: it.name, label: `The space ${it.name}: ${it.models.join(", ")}` })),
          ]}
          onChange={(it) => of(grant.role, it === everywhere ? undefined : it)}
        />
      )}
    </>
  );
}

interface InviteProps {
  readonly spaces: AccountPage["spaces"];
  readonly onMade: (it: Invitation) => void;
  readonly onClose: () => void;
}

function Invite({ spaces, onMade, onClose }: InviteProps) {
  const [name, setName] = useState("");
  const [grant, setGrant] = useState<Grant>({ role: "analyst" });
  const [address, setAddress] = useState("");
  const wanted = address.trim() === "" ? undefined : address;
  const invite = useMutation({ mutationFn: () => decide.invite(name, [grant], wanted), onSuccess: onMade });
  const isGood = accountName.safeParse(name).success && personAddress.optional().safeParse(wanted).success;
  return (
    <Dialog title="Invite a person" onClose={onClose}>
      <Form onSubmit={() => isGood && invite.mutate()}>
        <Field
          label="Name to sign in with: small letters, digits, . _ @ -"
          value={name}
          onChange={setName}
          focus
          most={64}
        />
        <Field
          label="E-mail address: tells whether it is also somebody of the identity provider"
          value={address}
          onChange={setAddress}
          optional
          most={254}
        />
        <GrantFields grant={grant} spaces={spaces} onChange={setGrant} />
        {invite.error && <Problem error={invite.error} />}
        <Buttons>
          <Button look="main" submits disabled={!isGood || invite.isPending}>
            Make the invitation
          </Button>
          <Button onClick={onClose}>Invite nobody</Button>
        </Buttons>
      </Form>
    </Dialog>
  );
}

function Made({
  of: { account, path, expiresAt },
  onClose,
}: {
  readonly of: Invitation;
  readonly onClose: () => void;
}) {
  const link = new URL(path, location.origin).href;
  return (
    <Dialog title={`Invitation for ${account.name}`} onClose={onClose}>
      <p>Give this link to nobody else. It works once, until:</p>
      <p>
        <At at={expiresAt} />
      </p>
      <p className={s.link}>
        <Mono>{link}</Mono> <Copy text={link} />
      </p>
      <Buttons>
        <Button look="main" onClick={onClose}>
          Done
        </Button>
      </Buttons>
    </Dialog>
  );
}

interface ChangeProps extends InviteProps {
  readonly of: AccountRow;
  readonly me: string;
}

function Change({ of: it, me, spaces, onMade, onClose }: ChangeProps) {
  const [grant, setGrant] = useState<Grant>(it.grants[0] ?? { role: "viewer" });
  const set = useMutation({ mutationFn: () => decide.grant(it.name, [grant]), onSuccess: onClose });
  const disable = useMutation({ mutationFn: () => decide.disableAccount(it.name), onSuccess: onClose });
  const reset = useMutation({ mutationFn: () => decide.resetAccount(it.name), onSuccess: onMade });
  const error = set.error ?? disable.error ?? reset.error;
  return (
    <Dialog title={`Account ${it.name}`} onClose={onClose}>
      {it.by === "password" && (
        <Form onSubmit={() => set.mutate()}>
          {it.grants.length > 1 && (
            <p>
              Now: {grantsText(it.grants)}. What is chosen here replaces all of it; several roles are set by{" "}
              <code>npx outweigh account role</code>.
            </p>
          )}
          <GrantFields grant={grant} spaces={spaces} onChange={setGrant} />
          <Buttons>
            <Button look="main" submits disabled={set.isPending}>
              Set the role
            </Button>
          </Buttons>
        </Form>
      )}
      {it.by === "password" && <AddressForm of={it} onDone={onClose} />}
      {it.by === "provider" && <p>The identity provider says the role, at each sign-in.</p>}
      {error && <Problem error={error} />}
      <Buttons>
        {it.by === "password" && <Button onClick={() => reset.mutate()}>Invite anew, ending the password</Button>}
        {it.state !== "disabled" && it.name !== me && (
          <Button onClick={() => disable.mutate()}>Disable the account</Button>
        )}
      </Buttons>
    </Dialog>
  );
}

/** Whose it is: two accounts of one person never count as two people. */
function AddressForm({ of: it, onDone }: { readonly of: AccountRow; readonly onDone: () => void }) {
  const [address, setAddress] = useState(it.address ?? "");
  const set = useMutation({ mutationFn: () => decide.accountAddress(it.name, address), onSuccess: onDone });
  const isGood = personAddress.safeParse(address).success;
  return (
    <Form onSubmit={() => isGood && set.mutate()}>
      <Field
        label="E-mail address: tells whether it is also somebody of the identity provider"
        value={address}
        onChange={setAddress}
        most={254}
      />
      {set.error && <Problem error={set.error} />}
      <Buttons>
        <Button submits disabled={!isGood || set.isPending}>
          Set the address
        </Button>
      </Buttons>
    </Form>
  );
}
