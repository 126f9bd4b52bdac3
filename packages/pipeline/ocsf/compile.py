#!/usr/bin/env python3
"""Compiles a checkout of ocsf-schema into ocsf.json: names, types, requirements and numbers, none of the text.

    git clone --branch 1.8.0 https://github.com/ocsf/ocsf-schema
    python3 compile.py ocsf-schema > ocsf.json

Each attribute is one text: its type or object, then "!" if required, "[]" if a list, and after a colon the numbers of its
enumeration, then "@" and the profile that brings it. Only the classes named here, and the objects that they lead to.
"""
import json
import pathlib
import sys

CLASSES = (
    "base_event file_activity scheduled_job_activity process_activity detection_finding account_change authentication "
    "entity_management user_access group_management network_activity http_activity api_activity datastore_activity file_hosting"
).split()


def main(root):
    root = pathlib.Path(root)
    load = lambda path: json.loads(path.read_text())
    dictionary = load(root / "dictionary.json")
    known = {**dictionary["attributes"]}
    files = {name: {load(p)["name"]: (load(p), p) for p in sorted((root / name).rglob("*.json")) if "name" in load(p)}
             for name in ("events", "objects")}
    categories = load(root / "categories.json")["attributes"]

    def attributes(thing):
        """All attributes of a class or object, those of what it extends first."""
        found = {}
        def merge(more, profile=None):
            for name, detail in more.items():
                if name == "$include":
                    for path in [detail] if isinstance(detail, str) else detail:
                        included = load(root / path)
                        merge(included["attributes"], included["name"] if included.get("meta") == "profile" else None)
                    continue
                if name.startswith("$") or detail is None:
                    found.pop(name, None) if detail is None else None
                    continue
                old = found.get(name, {})
                enum = {**old.get("enum", {}), **detail.get("enum", {})}
                new = {**old, **detail}
                if enum:
                    new["enum"] = enum
                if profile and name not in found:
                    new["profile"] = profile
                elif not profile and "profile" not in detail:
                    new.pop("profile", None)
                found[name] = new
        parent = thing.get("extends")
        kind = "objects" if thing["name"] in files["objects"] and files["objects"][thing["name"]][0] is thing else "events"
        if parent:
            merge(attributes(files[kind][parent][0]))
        merge(thing.get("attributes", {}))
        return found

    def constraints(thing, kind):
        own = thing.get("constraints")
        if own is not None:
            return own
        parent = thing.get("extends")
        return constraints(files[kind][parent][0], kind) if parent else {}

    def text(name, detail):
        entry = {**known.get(name, {}), **detail}
        enum = {**known.get(name, {}).get("enum", {}), **detail.get("enum", {})}
        kind = entry.get("type", "string_t")
        kind = entry.get("object_type", kind) if kind == "object_t" else kind
        said = kind + ("!" if detail.get("requirement") == "required" else "") + ("[]" if entry.get("is_array") else "")
        if enum and kind in ("integer_t", "long_t"):
            said += ":" + ",".join(sorted(enum, key=int))
        return said + ("@" + detail["profile"] if detail.get("profile") else "")

    def shape(thing, kind):
        found = attributes(thing)
        out = {"attributes": {name: text(name, found[name]) for name in sorted(found)}}
        rules = constraints(thing, kind)
        for rule in ("at_least_one", "just_one"):
            if rules.get(rule):
                out["atLeastOne" if rule == "at_least_one" else "justOne"] = sorted(rules[rule])
        return out

    classes = {}
    for name in CLASSES:
        thing = files["events"][name][0]
        at, category, uid = thing, thing.get("category"), thing.get("uid", 0)
        while category is None:
            at = files["events"][at["extends"]][0]
            category = at.get("category")
        number = (categories[category]["uid"] if category in categories else 0) * 1000 + (uid if name != "base_event" else 0)
        profiles, at = set(), thing
        while at:
            profiles |= set(at.get("profiles") or [])
            at = files["events"][at["extends"]][0] if at.get("extends") else None
        classes[str(0 if name == "base_event" else number)] = {"name": name, "profiles": sorted(profiles), **shape(thing, "events")}

    objects, wanted = {}, set()
    def want(one):
        for said in one["attributes"].values():
            name = said.split("@")[0].split(":")[0].rstrip("[]").rstrip("!")
            name = name[:-2] if name.endswith("[]") else name
            if name in files["objects"] and name not in objects:
                objects[name] = shape(files["objects"][name][0], "objects")
                want(objects[name])
    for one in classes.values():
        want(one)

    types = {}
    for name, detail in dictionary["types"]["attributes"].items():
        types[name] = {k: detail[v] for k, v in (("of", "type"), ("regex", "regex"), ("maxLength", "max_len"), ("range", "range")) if v in detail}
    version = load(root / "version.json")["version"]
    json.dump({"version": version, "types": types, "classes": classes, "objects": dict(sorted(objects.items()))}, sys.stdout, indent=1)
    print()


main(sys.argv[1])
