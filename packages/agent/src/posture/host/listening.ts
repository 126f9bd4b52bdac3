// Whether a server of models asks who is there, by its own configuration on the disk. It is not contacted.
import type { FoundListener } from "../../scan/listeners.ts";
import type { Machine, Told } from "../machine.ts";
import { sectionsOf } from "../lines.ts";

/** What configuration settles about a listener. */
interface Settled {
  /** Whether it asks for a password or key; undefined where nothing was found that says so. */
  readonly authenticated?: boolean;
  readonly proof?: string;
  /** Folders that it gives files of. */
  readonly serves: readonly string[];
  /** Configuration that stands in the way of an answer. */
  readonly unread?: string;
}

type Judge = (it: FoundListener, machine: Machine) => Settled;

const judges: Readonly<Record<string, Judge>> = {
  ollama: () => ({ authenticated: false, proof: "ollama has no authentication", serves: [] }),
  triton: (it) => ({
    authenticated: false,
    proof: "tritonserver has no authentication of its own",
    serves: optionValues(it, "--model-repository", "--model-store"),
  }),
  torchserve: torchserve,
  "tensorflow-serving": (it) => ({
    authenticated: false,
    proof: "tensorflow_model_server has no authentication",
    serves: optionValues(it, "--model_base_path"),
  }),
  tensorboard: (it) => ({
    authenticated: false,
    proof: "tensorboard has no authentication",
    serves: optionValues(it, "--logdir"),
  }),
  "http.server": (it) => ({
    authenticated: false,
    proof: "python's http.server has no authentication",
    serves: [...optionValues(it, "--directory", "-d"), ...(it.folder === undefined ? [] : [it.folder])].slice(0, 1),
  }),
  mlflow: mlflow,
  jupyter: jupyter,
  "docker-registry": registry,
  minio: minio,
};

/** What is known of a listener beyond its command line; empty for a product whose configuration we do not read. */
export function settle(it: FoundListener, machine: Machine): Settled {
  const judge = judges[it.listener.product ?? ""];
  return judge && it.listener.basis === "verified" ? judge(it, machine) : { serves: [] };
}

/** Values of `--name value` and `--name=value`. */
function optionValues({ args = [] }: FoundListener, ...names: readonly string[]): string[] {
  return args.flatMap((it, i) => {
    const name = names.find((option) => it === option || it.startsWith(`${option}=`));
    if (name === undefined) return [];
    const value = it === name ? args[i + 1] : it.slice(name.length + 1);
    return value === undefined || value === "" ? [] : [value.replace(/^file:\/\//, "")];
  });
}

/** Source: TorchServe's documentation of its configuration and of token authorisation, which is on by default since 0.11.1. */
function torchserve(it: FoundListener, machine: Machine): Settled {
  const [named] = optionValues(it, "--ts-config", "--ts-config-file");
  const serves = optionValues(it, "--model-store");
  const off = it.args?.includes("--disable-token-auth") ?? false;
  if (off) return { authenticated: false, proof: "--disable-token-auth on its command line", serves };
  const path = named ?? `${it.folder ?? "/home/model-server"}/config.properties`;
  const told = machine.read(path);
  if (told.state !== "read") return { serves, ...unread(path, told) };
  const keys = sectionsOf(told.text)[0]?.keys;
  const store = keys?.get("model_store")?.value;
  const isOff = keys?.get("disable_token_authorization");
  return {
    serves: [...serves, ...(store === undefined ? [] : [store])],
    ...(isOff?.value === "true" && {
      authenticated: false,
      proof: `${path}:${isOff.line}: disable_token_authorization=true`,
    }),
  };
}

function mlflow(it: FoundListener): Settled {
  const serves = optionValues(it, "--default-artifact-root", "--artifacts-destination");
  if (it.listener.authenticated === true) return { serves };
  return { authenticated: false, proof: "mlflow without --app-name basic-auth asks for nothing", serves };
}

/** Jupyter makes a token by itself unless its configuration sets an empty one. Source: Jupyter Server's documentation, Security. */
function jupyter(it: FoundListener, machine: Machine): Settled {
  const serves = optionValues(it, "--ServerApp.root_dir", "--notebook-dir");
  const folders = [
    "/etc/jupyter",
    "/usr/local/etc/jupyter",
    "/root/.jupyter",
    ...homes(machine).map((home) => `${home}/.jupyter`),
  ];
  for (const folder of folders) {
    for (const name of ["jupyter_server_config", "jupyter_notebook_config", "jupyter_lab_config"]) {
      const python = machine.read(`${folder}/${name}.py`);
      if (python.state === "read" && emptyInPython(python.text, "token") && !setInPython(python.text, "password"))
        return { authenticated: false, proof: `${folder}/${name}.py sets an empty token and no password`, serves };
      const json = machine.read(`${folder}/${name}.json`);
      if (
        json.state === "read" &&
        /"token"\s*:\s*""/.test(json.text) &&
        !/"(?:hashed_)?password"\s*:\s*"[^"]/.test(json.text)
      )
        return { authenticated: false, proof: `${folder}/${name}.json sets an empty token and no password`, serves };
    }
  }
  return { serves: serves.length > 0 ? serves : it.folder === undefined ? [] : [it.folder] };
}

function emptyInPython(text: string, key: string): boolean {
  return new RegExp(`^\\s*c\\.\\w+\\.${key}\\s*=\\s*u?(?:''|"")\\s*$`, "m").test(text);
}

function setInPython(text: string, key: string): boolean {
  return new RegExp(`^\\s*c\\.\\w+\\.(?:hashed_)?${key}\\s*=\\s*u?['"][^'"]`, "m").test(text);
}

function homes(machine: Machine): string[] {
  return (machine.names("/home") ?? []).map((it) => `/home/${it}`);
}

/** Source: the registry's documentation of its configuration: without `auth`, it lets everybody read. */
function registry(it: FoundListener, machine: Machine): Settled {
  const named = it.args?.find((word) => /\.ya?ml$/.test(word));
  const paths =
    named === undefined
      ? ["/etc/docker/registry/config.yml", "/etc/docker-registry/config.yml", "/etc/distribution/config.yml"]
      : [named];
  for (const path of paths) {
    // Whoever runs a program chooses the file that it names.
    const told = named === undefined ? machine.read(path) : machine.readLaid(path);
    if (told.state === "absent") continue;
    if (told.state !== "read") return { serves: [], ...unread(path, told) };
    const folder = /^[ \t]+rootdirectory:[ \t]*["']?(\/[^\s"'#]+)/m.exec(told.text)?.[1];
    const serves = folder === undefined ? ["/var/lib/registry"] : [folder];
    return /^auth:/m.test(told.text)
      ? { authenticated: true, proof: `${path} has auth`, serves }
      : { authenticated: false, proof: `${path} has no auth`, serves };
  }
  return { serves: [] };
}

/** MinIO with the login it comes with. Source: MinIO's documentation of MINIO_ROOT_USER. */
function minio(it: FoundListener, machine: Machine): Settled {
  const path = "/etc/default/minio";
  const serves = (it.args ?? []).filter((word) => word.startsWith("/"));
  const told = machine.read(path);
  if (told.state !== "read") return { serves, ...unread(path, told) };
  const isDefault = /^\s*MINIO_ROOT_PASSWORD\s*=\s*["']?minioadmin["']?\s*$/m.test(told.text);
  const volumes = /^\s*MINIO_VOLUMES\s*=\s*["']?(\/[^\s"']+)/m.exec(told.text)?.[1];
  const all = volumes === undefined ? serves : [...serves, volumes];
  return isDefault
    ? { authenticated: false, proof: `${path} keeps the password that MinIO comes with`, serves: all }
    : { serves: all };
}

function unread(path: string, told: Told): { readonly unread?: string } {
  return told.state === "closed" ? { unread: `${path}: ${told.why}` } : {};
}
