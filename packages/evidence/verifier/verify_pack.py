#!/usr/bin/env python3
"""Verifies packs of evidence without Outweigh: Python 3.8 or later, its standard library, and FORMAT.md.

    verify_pack.py [--json] [--trusted KEY]... [--known FILE]... PACK...

KEY is a key's id ("ed25519:...") or the raw key in hexadecimal; FILE holds one checkpoint as JSON.
Prints what each pack holds and what is wrong with it. Exit: 0 all hold, 1 problems found, 2 wrong use.
"""
import argparse
import base64
import hashlib
import json
import math
import re
import sys

MAX_BYTES = 128 * 1024 * 1024
MAX_LINES = 250_000
MAX_DEPTH = 64
MAX_PROOF = 54
MAX_KEYS = 100
MAX_PROBLEMS = 100
MAX_WHOLE = 2**53 - 1

KINDS = ("incident", "alert", "event", "source", "gap", "scan")
ORDER = ("pack", "document", "entry", "checkpoint", "seal")


class Bad(Exception):
    """A line that does not have the form that FORMAT.md describes."""


# ---- Canonical JSON, RFC 8785 ----

def canonical(value, depth=MAX_DEPTH):
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return canonical_text(value)
    if isinstance(value, float):
        return canonical_number(value)
    if isinstance(value, int):
        return canonical_number(float(value))
    if depth == 0:
        raise Bad("the value nests deeper than %d" % MAX_DEPTH)
    if isinstance(value, list):
        return "[" + ",".join(canonical(it, depth - 1) for it in value) + "]"
    # Members are sorted by UTF-16 units, which is the order of their big-endian bytes.
    names = sorted(value, key=utf16)
    return "{" + ",".join(canonical_text(it) + ":" + canonical(value[it], depth - 1) for it in names) + "}"


def utf16(text):
    return text.encode("utf-16-be", "surrogatepass")


def canonical_text(text):
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise Bad("a text holds half a surrogate pair")
    # json escapes what RFC 8785 wants escaped, and as it wants it: short forms, else lower-case hexadecimal.
    return json.dumps(text, ensure_ascii=False)


def canonical_number(value):
    """As ECMAScript prints a number: the shortest digits that read back the same, which repr finds too."""
    if math.isinf(value) or math.isnan(value):
        raise Bad("a number is not finite")
    if value == 0:
        return "0"
    if value < 0:
        return "-" + canonical_number(-value)
    mantissa, _, exponent = ("%r" % value).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    # The value is 0.digits times ten to the power of point.
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    sign = "+" if point - 1 >= 0 else "-"
    rest = "." + digits[1:] if count > 1 else ""
    return digits[0] + rest + "e" + sign + str(abs(point - 1))


def sha256(data):
    return hashlib.sha256(data.encode("utf-8") if isinstance(data, str) else data).hexdigest()


def digest(value):
    return sha256(canonical(value))


# ---- Ed25519, RFC 8032 section 5.1, for verification alone: nothing here is secret ----

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def recover_x(y, odd):
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if odd else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P:
        return None
    return P - x if x & 1 != odd else x


def point_add(a, b):
    # Points are (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z.
    m, n = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = n - m, d - c, d + c, n + m
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def point_multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = point_add(result, point)
        point = point_add(point, point)
        scalar >>= 1
    return result


def decode_point(data):
    number = int.from_bytes(data, "little")
    y = number & (2**255 - 1)
    x = recover_x(y, number >> 255)
    return None if x is None else (x, y, 1, x * y % P)


def encode_point(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = recover_x(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def signed_by(key_hex, message, signature_hex):
    key, signature = bytes.fromhex(key_hex), bytes.fromhex(signature_hex)
    public = decode_point(key)
    s = int.from_bytes(signature[32:], "little")
    if public is None or s >= L:
        return False
    data = signature[:32] + key + message.encode("utf-8")
    h = int.from_bytes(hashlib.sha512(data).digest(), "little") % L
    minus = (P - public[0], public[1], 1, P - public[3])
    return encode_point(point_add(point_multiply(s, BASE), point_multiply(h, minus))) == signature[:32]


def key_id(key_hex):
    return "ed25519:" + sha256(bytes.fromhex(key_hex))[:32]


# ---- Merkle proofs, RFC 9162 sections 2.1.3 and 2.1.4, by the tree's definition rather than by its loops ----


def leaf_hash(entry_hash):
    return hashlib.sha256(b"\x00" + bytes.fromhex(entry_hash)).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def split(size):
    """The largest power of two below size."""
    return 1 << (size - 1).bit_length() - 1


def root_from_inclusion(index, size, leaf, proof):
    """The root that a proof leads to, or None if it has the wrong length. The last hash joins the two halves."""
    if size == 1:
        return leaf if not proof else None
    if not proof:
        return None
    middle = split(size)
    if index < middle:
        left = root_from_inclusion(index, middle, leaf, proof[:-1])
        return left and node_hash(left, proof[-1])
    right = root_from_inclusion(index - middle, size - middle, leaf, proof[:-1])
    return right and node_hash(proof[-1], right)


def included(index, size, entry_hash, root, proof):
    if index >= size:
        return False
    found = root_from_inclusion(index, size, leaf_hash(entry_hash), [bytes.fromhex(it) for it in proof])
    return found is not None and found.hex() == root


def roots_from_consistency(old_size, size, old_root, proof, whole):
    """The roots of the older and the newer tree that a proof leads to, or None."""
    if old_size == size:
        if whole:
            return (old_root, old_root) if not proof else None
        return (proof[0], proof[0]) if len(proof) == 1 else None
    if not proof:
        return None
    middle = split(size)
    if old_size <= middle:
        found = roots_from_consistency(old_size, middle, old_root, proof[:-1], whole)
        return found and (found[0], node_hash(found[1], proof[-1]))
    found = roots_from_consistency(old_size - middle, size - middle, old_root, proof[:-1], False)
    return found and (node_hash(proof[-1], found[0]), node_hash(proof[-1], found[1]))


def consistent(old_size, old_root, size, root, proof):
    if old_size > size:
        return False
    if old_size == 0:
        return not proof and (old_root == sha256(b"")) and (size != 0 or root == old_root)
    old = bytes.fromhex(old_root)
    found = roots_from_consistency(old_size, size, old, [bytes.fromhex(it) for it in proof], True)
    return found is not None and found == (old, bytes.fromhex(root))


# ---- Lines ----


def need(condition, what):
    if not condition:
        raise Bad(what)


def members(value, names, optional=()):
    need(isinstance(value, dict), "expected an object")
    for name in names:
        need(name in value, "%s is missing" % name)
    for name in value:
        need(name in names or name in optional, "%s should not be there" % json.dumps(name)[:80])


def matches(pattern, value, what):
    need(isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) is not None, "%s is malformed" % what)


def is_hash(value, what):
    matches("[0-9a-f]{64}", value, what)


def is_signature(value, what):
    matches("[0-9a-f]{128}", value, what)


def is_origin(value):
    matches("[!-*,-~]{1,200}", value, "origin")


def is_whole(value, what):
    good = isinstance(value, float) and value.is_integer() and 0 <= value <= MAX_WHOLE
    need(good, "%s is no whole number from 0 to 2^53 - 1" % what)


def is_hash_list(value, most, what):
    need(isinstance(value, list) and len(value) <= most, "%s is no list of at most %d" % (what, most))
    for it in value:
        is_hash(it, what)


def is_field(value):
    need(isinstance(value, dict), "a field is no object")
    if "commitment" in value:
        members(value, ("commitment",))
        is_hash(value["commitment"], "commitment")
    else:
        members(value, ("salt", "value"))
        matches("[0-9a-f]{32}", value["salt"], "salt")


def check_pack(line):
    members(line, ("type", "version", "origin", "incident", "time", "keys"))
    # Python takes True for 1.
    need(isinstance(line["version"], float) and line["version"] == 1, "version is not 1")
    is_origin(line["origin"])
    need(isinstance(line["incident"], str), "incident is no text")
    is_whole(line["time"], "time")
    is_hash_list(line["keys"], MAX_KEYS, "keys")


def check_document(line):
    members(line, ("type", "kind", "id", "fields"))
    need(line["kind"] in KINDS, "kind is not known")
    need(isinstance(line["id"], str), "id is no text")
    need(isinstance(line["fields"], dict), "fields is no object")
    for it in line["fields"].values():
        is_field(it)


def check_entry(line):
    members(line, ("type", "entry", "proof"))
    is_hash_list(line["proof"], MAX_PROOF, "proof")
    entry = line["entry"]
    members(entry, ("seq", "time", "kind", "by", "fields", "prev", "hash"), ("subject",))
    is_whole(entry["seq"], "seq")
    is_whole(entry["time"], "time")
    matches("[a-z][a-z0-9-]{0,63}", entry["kind"], "kind")
    is_hash(entry["prev"], "prev")
    is_hash(entry["hash"], "hash")
    is_field(entry["by"])
    if "subject" in entry:
        is_field(entry["subject"])
    need(isinstance(entry["fields"], dict), "fields is no object")
    for name, it in entry["fields"].items():
        matches("[A-Za-z][A-Za-z0-9_.-]{0,63}", name, "a field's name")
        is_field(it)


def check_checkpoint(line):
    members(line, ("type", "checkpoint", "consistency"))
    is_hash_list(line["consistency"], MAX_PROOF, "consistency")
    is_checkpoint(line["checkpoint"])


def is_checkpoint(it):
    members(it, ("origin", "size", "root", "time", "key", "signature"))
    is_origin(it["origin"])
    is_whole(it["size"], "size")
    is_hash(it["root"], "root")
    is_whole(it["time"], "time")
    is_hash(it["key"], "key")
    is_signature(it["signature"], "signature")


def check_seal(line):
    members(line, ("type", "digest", "key", "signature"))
    is_hash(line["digest"], "digest")
    is_hash(line["key"], "key")
    is_signature(line["signature"], "signature")


CHECKS = {
    "pack": check_pack,
    "document": check_document,
    "entry": check_entry,
    "checkpoint": check_checkpoint,
    "seal": check_seal,
}


def no_constant(name):
    raise Bad("%s is no JSON" % name)


def parse(text):
    """A JSON value in which every number is the double that JavaScript reads."""
    try:
        return json.loads(text, parse_int=float, parse_constant=no_constant)
    except (ValueError, RecursionError) as error:
        raise Bad("the line is not JSON") from error


def read_line(text):
    """The line's object, and whether it is canonical."""
    value = parse(text)
    if canonical(value) != text:
        return None
    need(isinstance(value, dict) and value.get("type") in ORDER, "type is not known")
    CHECKS[value["type"]](value)
    return value


# ---- The pack ----


class Report:
    def __init__(self):
        self.problems = []
        self.codes = set()
        self.lines = {it: [] for it in ORDER}
        self.signer = None

    def add(self, code, line, text):
        self.codes.add(code)
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append("%s line %d: %s" % (code, line, text))

    def header(self):
        return self.lines["pack"][0][1] if self.lines["pack"] else None

    def as_json(self):
        header = self.header()
        result = {
            "ok": not self.problems,
            "entries": len(self.lines["entry"]),
            "checkpoints": len(self.lines["checkpoint"]),
            "documents": len(self.lines["document"]),
            "late": self.late(),
            "redacted": self.redacted(),
            "grades": self.grades(),
            "keys": [key_id(it) for it in header["keys"]] if header else [],
            "problems": self.problems,
        }
        if header:
            result["origin"] = header["origin"]
            result["incident"] = header["incident"]
        if self.signer:
            result["signer"] = self.signer
        return result

    def grades(self):
        """Events by what was checked of their records at receipt. What is no grade is none."""
        counts = {"signed": 0, "authenticated": 0, "plain": 0, "ungraded": 0, "redacted": 0}
        for _, it in self.lines["document"]:
            if it["kind"] != "event":
                continue
            field = it["fields"].get("grade", {})
            value = field.get("value")
            if "commitment" in field:
                counts["redacted"] += 1
            elif value in ("signed", "authenticated", "plain"):
                counts[value] += 1
            else:
                counts["ungraded"] += 1
        return counts

    def late(self):
        """How many documents no entry puts on record but those that say of it that it came late."""
        in_time, late = set(), {}
        for _, line in self.lines["entry"]:
            names = set(names_in(line["entry"], "late"))
            for it in records_of(line["entry"]):
                if names:
                    late.setdefault(it, []).append(names)
                else:
                    in_time.add(it)
        found = 0
        for _, it in self.lines["document"]:
            digest_of = document_digest(it)
            if digest_of not in in_time and any((it["kind"], it["id"]) in names for names in late.get(digest_of, ())):
                found += 1
        return found

    def redacted(self):
        fields = [it for _, line in self.lines["document"] for it in line["fields"].values()]
        for _, line in self.lines["entry"]:
            entry = line["entry"]
            fields += list(entry["fields"].values()) + [entry["by"]] + [entry[it] for it in ("subject",) if it in entry]
        return sum(1 for it in fields if "commitment" in it)


def verify(data, trusted=None, known=()):
    report = Report()
    sealed = read_lines(data, report)
    if sealed is None:
        report.lines = {it: [] for it in ORDER}
        return report
    verify_seal(report, sealed)
    verify_entries(report)
    verify_checkpoints(report)
    verify_documents(report)
    verify_scans(report)
    if trusted is not None:
        verify_trust(report, trusted)
    verify_known(report, known)
    return report


def read_lines(data, report):
    """Fills report.lines. Returns the bytes before the seal, or None unless everything is well formed."""
    if len(data) > MAX_BYTES:
        report.add("TOO_LARGE", 1, "the pack has more than %d bytes" % MAX_BYTES)
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        report.add("NOT_TEXT", 1, "the pack is not UTF-8")
        return None
    if not text.endswith("\n"):
        report.add("TRUNCATED", 1, "the pack does not end with a line feed")
        return None
    texts = text[:-1].split("\n", MAX_LINES)
    if len(texts) > MAX_LINES:
        report.add("TOO_LARGE", MAX_LINES, "the pack has more than %d lines" % MAX_LINES)
        return None
    found = []
    for number, line_text in enumerate(texts, 1):
        try:
            line = read_line(line_text)
            if line is None:
                report.add("NOT_CANONICAL", number, "the line is not the canonical text of its value")
            else:
                found.append((number, line))
        except Bad as error:
            report.add("BAD_LINE", number, str(error))
    if report.problems:
        return None
    check_order(report, found)
    if report.problems:
        return None
    for number, line in found:
        report.lines[line["type"]].append((number, line))
    return data[: len(data) - len(texts[-1].encode("utf-8")) - 1]


def check_order(report, found):
    before = None
    for number, line in found:
        kind = line["type"]
        first = before is None and kind != "pack"
        back = before is not None and ORDER.index(kind) < ORDER.index(before)
        double = kind == before and kind in ("pack", "seal")
        if first or back or double:
            report.add("LINE_ORDER", number, "a line of type %s cannot stand here" % kind)
        before = kind
    if before != "seal":
        report.add("TRUNCATED", len(found), "the pack does not end with a seal")


def verify_seal(report, sealed):
    number, seal = report.lines["seal"][0]
    held = True
    if seal["digest"] != sha256(sealed):
        held = False
        report.add("SEAL_DIGEST", number, "the pack was changed after it was sealed")
    if not signed_by(seal["key"], "outweigh.pack.v1\n%s\n" % seal["digest"], seal["signature"]):
        held = False
        report.add("SEAL_SIGNATURE", number, "the seal is not signed by the key that it names")
    if seal["key"] not in report.header()["keys"]:
        report.add("UNKNOWN_KEY", number, "the header does not name the seal's key")
    if held:
        report.signer = key_id(seal["key"])


def commitment(name, field):
    if "commitment" in field:
        return field["commitment"]
    return digest([field["salt"], name, field["value"]])


def entry_hash(entry):
    content = {
        "type": "outweigh.entry.v1",
        "seq": entry["seq"],
        "time": entry["time"],
        "kind": entry["kind"],
        "prev": entry["prev"],
        "by": commitment("by", entry["by"]),
        "fields": {name: commitment("fields." + name, it) for name, it in entry["fields"].items()},
    }
    if "subject" in entry:
        content["subject"] = commitment("subject", entry["subject"])
    return digest(content)


def verify_entries(report):
    last = report.lines["checkpoint"][-1][1]["checkpoint"] if report.lines["checkpoint"] else None
    hashes = {}
    previous = -1
    for number, line in report.lines["entry"]:
        entry = line["entry"]
        seq = int(entry["seq"])
        if entry_hash(entry) != entry["hash"]:
            report.add("ENTRY_HASH", number, "entry %d is not what was hashed" % seq)
        if seq <= previous:
            report.add("ENTRY_ORDER", number, "entry %d comes after entry %d" % (seq, previous))
        expected = digest(["outweigh.log.v1", report.header()["origin"]]) if seq == 0 else hashes.get(seq - 1)
        if expected is not None and entry["prev"] != expected:
            report.add("ENTRY_CHAIN", number, "entry %d does not follow the entry before it" % seq)
        if last is None or not included(seq, int(last["size"]), entry["hash"], last["root"], line["proof"]):
            report.add("ENTRY_PROOF", number, "entry %d is not proven to be in the log" % seq)
        hashes[seq] = entry["hash"]
        previous = seq


def note(it):
    root = base64.b64encode(bytes.fromhex(it["root"])).decode("ascii")
    return "%s\n%d\n%s\ntime %d\n" % (it["origin"], it["size"], root, it["time"])


def verify_checkpoints(report):
    header = report.header()
    if not report.lines["checkpoint"]:
        report.add("NO_CHECKPOINT", 1, "the pack has no checkpoint")
    before = None
    for number, line in report.lines["checkpoint"]:
        it = line["checkpoint"]
        at = "the checkpoint of %d entries" % it["size"]
        if it["origin"] != header["origin"]:
            report.add("CHECKPOINT_ORIGIN", number, at + " is of another log")
        if it["key"] not in header["keys"] or not signed_by(it["key"], note(it), it["signature"]):
            report.add("CHECKPOINT_SIGNATURE", number, at + " is not signed by a key of the header")
        proof = line["consistency"]
        if before is None:
            grew = not proof
        else:
            grew = consistent(int(before["size"]), before["root"], int(it["size"]), it["root"], proof)
        if not grew:
            report.add("FORK", number, at + " is not proven to continue the one before it")
        before = it


def document_digest(it):
    commitments = {name: commitment(name, field) for name, field in it["fields"].items()}
    return digest({"type": "outweigh.document.v1", "kind": it["kind"], "id": it["id"], "commitments": commitments})


def records_of(entry):
    """The digests that an entry puts on record."""
    value = entry["fields"].get("records", {}).get("value")
    return [it for it in value if isinstance(it, str)] if isinstance(value, list) else []


def names_in(entry, name):
    """The documents that an entry names in a field, as kind and id."""
    value = entry["fields"].get(name, {}).get("value")
    names = value if isinstance(value, list) else []
    return [tuple(it) for it in names if isinstance(it, list) and len(it) == 2 and all(isinstance(part, str) for part in it)]


def verify_documents(report):
    records = set()
    for _, line in report.lines["entry"]:
        records.update(records_of(line["entry"]))
    seen = set()
    for number, it in report.lines["document"]:
        if (it["kind"], it["id"]) in seen:
            report.add("DOCUMENT_TWICE", number, "kind and id are there twice")
        seen.add((it["kind"], it["id"]))
        if document_digest(it) not in records:
            report.add("NOT_ON_RECORD", number, "no entry of the pack puts this document on record")
    for number, line in report.lines["entry"]:
        for kind, it in names_in(line["entry"], "changed"):
            report.add("CHANGED", number, "the %s %s is not what was put on record at its time" % (kind, it))
    incidents = [it["id"] for _, it in report.lines["document"] if it["kind"] == "incident"]
    if incidents != [report.header()["incident"]]:
        report.add("INCIDENT", 1, "the pack does not hold exactly the incident that its header names")


def verify_scans(report):
    for number, it in report.lines["document"]:
        parts = [it["fields"].get(name, {}) for name in ("key", "signature", "report")]
        if it["kind"] != "scan" or any("commitment" in part for part in parts):
            continue
        key, signature, text = [part.get("value") for part in parts]
        good = (
            all(isinstance(part, str) for part in (key, signature, text))
            and re.fullmatch("[0-9a-f]{64}", key)
            and re.fullmatch("[0-9a-f]{128}", signature)
            and signed_by(key, "outweigh scan 1\n" + sha256(text), signature)
        )
        if not good:
            report.add("SCAN_SIGNATURE", number, "the scan is not signed by the key that it names")


def verify_trust(report, trusted):
    keys = set(report.header()["keys"]) | {report.lines["seal"][0][1]["key"]}
    for key in sorted(keys):
        if key not in trusted and key_id(key) not in trusted:
            report.add("UNTRUSTED_KEY", 1, "%s is not one of the keys you trust" % key_id(key))


def verify_known(report, known):
    shown = [line["checkpoint"] for _, line in report.lines["checkpoint"]]
    newest = shown[-1]["size"] if shown else 0
    for old in known:
        if old["origin"] != report.header()["origin"]:
            continue
        same = [it for it in shown if it["size"] == old["size"]]
        at = "your checkpoint of %d entries" % old["size"]
        if any(it["root"] != old["root"] for it in same):
            report.add("FORK", 1, at + " has another root")
        elif newest < old["size"]:
            report.add(
                "ROLLBACK",
                1,
                "the log ends at %d entries, before %s: it was cut, or the pack is older; ask for a new pack" % (newest, at),
            )
        elif not same:
            report.add("KNOWN_NOT_SHOWN", 1, "the pack holds no checkpoint to compare %s with" % at)


def read_known(path):
    with open(path, encoding="utf-8") as file:
        it = parse(file.read(1_000_000))
    is_checkpoint(it)
    if not signed_by(it["key"], note(it), it["signature"]):
        raise Bad("the checkpoint is not signed by its key")
    return it


def show(path, report):
    result = report.as_json()
    print("%s: %s" % (ascii(path)[1:-1], "holds" if result["ok"] else "DOES NOT HOLD"))
    if report.header():
        # What stands in a pack may try to write to the terminal: ascii() shows it as text.
        print("  incident %s of %s" % (ascii(result["incident"]), ascii(result["origin"])))
    counts = (result["documents"], result["redacted"], result["entries"], result["checkpoints"])
    print("  %d documents (%d members redacted), %d entries, %d checkpoints" % counts)
    if result["late"]:
        print("  %d of them put on record only when they were packed" % result["late"])
    names = (("signed", "signed"), ("authenticated", "authenticated"), ("plain", "plain"),
             ("ungraded", "not graded"), ("redacted", "with the grade left out"))
    said = ["%d %s" % (result["grades"][name], words) for name, words in names if result["grades"][name]]
    print("  rests on events: %s" % (", ".join(said) or "none"))
    known = result["grades"]["signed"] + result["grades"]["authenticated"] + result["grades"]["redacted"]
    if result["ok"] and not known and result["grades"]["plain"]:
        print("  no sender proved who it is: whoever could reach the sources could have written them")
    elif result["ok"] and not known and said:
        print("  none of them was graded: who could have written them is not known")
    print("  signed by %s" % result.get("signer", "nobody who could be verified"))
    for it in result["problems"]:
        print("  " + ascii(it)[1:-1])


def main(arguments):
    parser = argparse.ArgumentParser(description="Verifies packs of evidence.")
    parser.add_argument("packs", nargs="+", metavar="PACK")
    parser.add_argument("--json", action="store_true", help="print one JSON object per pack, each on its line")
    parser.add_argument("--trusted", action="append", metavar="KEY", help="accept signatures of this key alone")
    parser.add_argument("--known", action="append", default=[], metavar="FILE", help="a checkpoint kept from before")
    options = parser.parse_args(arguments)
    good = True
    try:
        known = [read_known(it) for it in options.known]
        for path in options.packs:
            with open(path, "rb") as file:
                report = verify(file.read(MAX_BYTES + 1), options.trusted, known)
            good = good and not report.problems
            if options.json:
                print(json.dumps(report.as_json()))
            else:
                show(path, report)
    except (OSError, Bad) as error:
        print("verify_pack.py: %s" % ascii(str(error))[1:-1], file=sys.stderr)
        return 2
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
