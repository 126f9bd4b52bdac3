// Source: pytorch/pytorch, torch/_weights_only_unpickler.py; numpy and CPython's own reductions.
import type { Findings } from "../formats/format.ts";

/** What checkpoints call that can do no harm by being called: torch's rebuilders, numpy's arrays, plain containers. */
const harmless: readonly RegExp[] = [
  /^torch\._utils\._rebuild_(tensor|tensor_v2|tensor_v3|parameter|parameter_with_state|qtensor|sparse_tensor|device_tensor_from_numpy|meta_tensor_no_storage|nested_tensor|wrapper_subclass)$/,
  /^torch\._tensor\._rebuild_from_type_v2$/,
  /^torch\.(Size|device|Tensor|storage\.TypedStorage|storage\.UntypedStorage|nn\.parameter\.Parameter)$/,
  /^torch\.[A-Za-z0-9]+Storage$/,
  /^torch\.(serialization\._get_layout|torch_version\.TorchVersion|distributions\.constraints\..*)$/,
  /^numpy(\.core|\._core)?\.(multiarray\._reconstruct|multiarray\.scalar|numeric\._frombuffer|ndarray|dtype)$/,
  /^numpy\.(ndarray|dtype|dtypes\.[A-Za-z0-9]+)$/,
  /^joblib\.numpy_pickle\.(NumpyArrayWrapper|NDArrayWrapper)$/,
  /^collections\.(OrderedDict|defaultdict|Counter|deque)$/,
  /^(builtins|__builtin__)\.(set|frozenset|list|dict|tuple|bytearray|bytes|complex|slice|range|int|float|bool|str)$/,
  /^_codecs\.encode$/,
  /^(argparse\.Namespace|types\.SimpleNamespace|datetime\.(datetime|date|timedelta|timezone)|fractions\.Fraction|decimal\.Decimal)$/,
  /^(pathlib\.(PosixPath|PurePosixPath|Path)|pathlib\._local\.PosixPath|uuid\.UUID)$/,
];

/**
 * Classes of machine-learning libraries, which fill a bare pickle: a name in capitals after their modules. Not proven harmless, but no
 * surprise, so they are told in one line. Functions of the same libraries are not: torch's and numpy's run what they are given.
 */
const expected =
  /^(sklearn|scipy|xgboost|lightgbm|catboost|pandas|transformers|omegaconf|torch\.nn)\.([a-z_][\w.]*\.)?_?[A-Z]\w*$/;

/** At most this many class names in one finding. */
const maxNames = 8;

/**
 * Reports what loading the pickle would call, by an allow-list: a list of what is bad never ends.
 * Blind spot: says what is called, not what for; arguments are not judged.
 */
export function reportCalls(calls: ReadonlyMap<string, number>, findings: Findings): void {
  const known: string[] = [];
  for (const [name, at] of calls) {
    if (harmless.some((it) => it.test(name))) continue;
    if (expected.test(name)) known.push(name);
    else findings.add(`loading it calls ${JSON.stringify(name.slice(0, 200))}`, at);
  }
  if (known.length === 0) return;
  const more = known.length > maxNames ? ` and ${known.length - maxNames} more` : "";
  findings.add(`loading it makes objects of ${known.slice(0, maxNames).join(", ")}${more}`);
}
