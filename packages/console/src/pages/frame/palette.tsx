import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { printFilter } from "@outweigh/schema";
import { useState } from "react";
import { lists } from "../../api/queries.ts";
import { shortcuts } from "../../keys.ts";
import { nextTheme } from "../../preferences.ts";
import { inSample, isSample } from "../../sample/mode.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { Options, useChoice, type Option } from "../../ui/options.tsx";
import s from "./guide.module.css";

interface Found extends Option {
  readonly run: () => void;
}

/** Anything by its name: pages, incidents, models, and a hunt for the text itself. */
export function Palette({ onClose }: { readonly onClose: () => void }) {
  const [text, setText] = useState("");
  const found = useFound(text);
  const choice = useChoice(found, true);
  const take = (it: Found | undefined) => {
    onClose();
    it?.run();
  };
  return (
    <Dialog title="Find anything" onClose={onClose}>
      <div>
        <input
          className={s.input}
          value={text}
          data-focus
          placeholder="A page, an incident, a model, or any text"
          aria-label="Find anything"
          {...choice.input}
          onKeyDown={(event) => {
            if (choice.walk(event) || event.key !== "Enter") return;
            event.preventDefault();
            take(choice.chosen);
          }}
          onChange={(event) => {
            setText(event.target.value);
            choice.reset();
          }}
        />
        <Options
          id={choice.id}
          label="Found"
          options={found}
          chosen={choice.chosen}
          onPoint={choice.point}
          onTake={take}
        />
      </div>
    </Dialog>
  );
}

/** Most rows of each noun that are offered. */
const maxFound = 6;

function useFound(text: string): Found[] {
  const navigate = useNavigate();
  const word = text.trim();
  const filter = word === "" ? "" : printFilter([{ field: undefined, op: "=", values: [word], excluded: false }]);
  const number = /^INC-(\d{1,9})$/i.exec(word)?.[1];
  const wanted = number === undefined ? filter : `number:${number}`;
  const incidents = useQuery({
    queryKey: ["incidents", "found", wanted],
    queryFn: ({ signal }) => lists.incidents({ filter: wanted }, signal),
    enabled: word.length > 1,
    staleTime: 10_000,
  });
  const models = useQuery({
    queryKey: ["models", "found"],
    queryFn: ({ signal }) => lists.models({ filter: "" }, signal),
    staleTime: 10_000,
  });
  const has = (label: string) => label.toLowerCase().includes(word.toLowerCase());

  const pages = shortcuts
    .filter((it) => "to" in it)
    .map((it) => ({ key: it.id, label: it.does, about: "page", run: () => void navigate({ to: it.to }) }));
  const theme = { key: "theme", label: "Switch between light, dark and the system's theme", about: "", run: nextTheme };
  const sample = isSample
    ? { key: "sample", label: "Leave the sample", about: "", run: () => location.assign("/") }
    : {
        key: "sample",
        label: "Look at a sample: none of it happened",
        about: "",
        run: () => location.assign(inSample("/incidents")),
      };
  const known = (models.data?.items ?? []).map(({ name }) => ({
    key: `model ${name}`,
    label: name,
    about: "model",
    run: () => void navigate({ to: "/models/$name", params: { name } }),
  }));
  const told = (word.length > 1 ? (incidents.data?.items ?? []) : []).map(({ id, number, title }) => ({
    key: `incident ${id}`,
    label: title,
    about: `INC-${number}`,
    run: () => void navigate({ to: "/incidents/$id", params: { id } }),
  }));
  const hunt = {
    key: "hunt",
    label: `Hunt for ${word} in all events`,
    about: "events",
    run: () => void navigate({ to: "/events", search: { filter } }),
  };
  return [
    ...[...pages, theme, sample].filter((it) => has(it.label)),
    ...known.filter((it) => word !== "" && has(it.label)).slice(0, maxFound),
    ...told.slice(0, maxFound),
    ...(word === "" ? [] : [hunt]),
  ];
}
