/** What a process that listens may be. */
export interface Product {
  readonly name: string;
  /** `server`: answers from a model it holds. `registry`: gives model files away. */
  readonly kind: "server" | "registry";
  /** Whether a process is it, by the name of its program or module and its arguments. */
  matches(program: string, args: readonly string[]): boolean;
  /** Where it listens unless told otherwise. */
  readonly ports: readonly number[];
  /** Whether its own command line settles that it asks for a password or key; undefined if it does not. */
  auth?(args: readonly string[]): boolean | undefined;
}

const byName =
  (...names: readonly string[]) =>
  (program: string): boolean =>
    names.includes(program);

/** Python servers: the module after `-m`, or the script, is what runs. */
const byWord =
  (...words: readonly string[]) =>
  (program: string, args: readonly string[]): boolean =>
    words.includes(program) || args.slice(0, 6).some((it) => words.includes(it.slice(it.lastIndexOf("/") + 1)));

const keyOption =
  (...options: readonly string[]) =>
  (args: readonly string[]): boolean | undefined =>
    args.some((it) => options.some((option) => it === option || it.startsWith(`${option}=`))) ? true : undefined;

/** Programs that serve models or hold model files. A name proves little, so a port alone counts as a guess. */
const products: readonly Product[] = [
  { name: "ollama", kind: "server", matches: byName("ollama"), ports: [11434] },
  {
    name: "vllm",
    kind: "server",
    matches: (program, args) => byWord("vllm")(program, args) || args.some((it) => it.startsWith("vllm.entrypoints.")),
    ports: [],
    auth: keyOption("--api-key"),
  },
  {
    name: "sglang",
    kind: "server",
    matches: (_, args) => args.some((it) => it.startsWith("sglang.launch_server")),
    ports: [30000],
    auth: keyOption("--api-key"),
  },
  {
    name: "text-generation-inference",
    kind: "server",
    matches: byName("text-generation-router", "text-generation-launcher", "text-generation-server"),
    ports: [],
  },
  {
    name: "text-embeddings-inference",
    kind: "server",
    matches: byName("text-embeddings-router"),
    ports: [],
    auth: keyOption("--api-key"),
  },
  {
    name: "llama.cpp",
    kind: "server",
    matches: byName("llama-server"),
    ports: [],
    auth: keyOption("--api-key", "--api-key-file"),
  },
  {
    name: "llamafile",
    kind: "server",
    matches: (program) => program.endsWith(".llamafile") || program === "llamafile",
    ports: [],
  },
  { name: "triton", kind: "server", matches: byName("tritonserver"), ports: [8001, 8002] },
  {
    name: "torchserve",
    kind: "server",
    matches: (_, args) => args.some((it) => it === "org.pytorch.serve.ModelServer"),
    ports: [],
  },
  { name: "tensorflow-serving", kind: "server", matches: byName("tensorflow_model_server"), ports: [8501] },
  { name: "bentoml", kind: "server", matches: byWord("bentoml"), ports: [] },
  { name: "ray", kind: "server", matches: byName("raylet", "gcs_server"), ports: [8265] },
  { name: "mlflow", kind: "registry", matches: byWord("mlflow"), ports: [], auth: mlflowAuth },
  {
    name: "jupyter",
    kind: "registry",
    matches: byWord("jupyter", "jupyter-lab", "jupyter-notebook", "jupyter-server", "jupyterhub"),
    ports: [8888],
    auth: jupyterAuth,
  },
  { name: "tensorboard", kind: "registry", matches: byWord("tensorboard"), ports: [6006] },
  { name: "docker-registry", kind: "registry", matches: byName("docker-registry", "registry"), ports: [5000] },
  { name: "harbor", kind: "registry", matches: byName("harbor_core", "harbor_registryctl"), ports: [] },
  { name: "docker", kind: "registry", matches: byName("dockerd"), ports: [2375] },
  { name: "minio", kind: "registry", matches: byName("minio"), ports: [9000] },
  { name: "nfs", kind: "registry", matches: byName("nfsd", "rpc.nfsd"), ports: [2049] },
  { name: "samba", kind: "registry", matches: byName("smbd"), ports: [445] },
  {
    name: "rsync",
    kind: "registry",
    matches: (program, args) => program === "rsync" && args.includes("--daemon"),
    ports: [873],
  },
  { name: "http.server", kind: "registry", matches: (_, args) => args.includes("http.server"), ports: [] },
];

function mlflowAuth(args: readonly string[]): boolean | undefined {
  const at = args.indexOf("--app-name");
  return args.includes("--app-name=basic-auth") || (at >= 0 && args[at + 1] === "basic-auth") ? true : undefined;
}

/** An empty token and no password on the command line switch it off. Configuration files may say otherwise, so only that is settled. */
function jupyterAuth(args: readonly string[]): boolean | undefined {
  const value = (suffix: string): string | undefined =>
    args.findLast((it) => it.startsWith("--") && it.includes(`.${suffix}=`))?.replace(/^[^=]*=['"]?|['"]?$/g, "");
  if (value("token") === "" && value("password") === "") return false;
  return undefined;
}

/** The product of a process; undefined for a program that is none of them. */
export function productOf(program: string, args: readonly string[]): Product | undefined {
  return products.find((it) => it.matches(program, args));
}

/** The product that listens there by default: a guess, for a process that could not be looked at. */
export function productAt(port: number): Product | undefined {
  return products.find((it) => it.ports.includes(port));
}
