import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { maxXmlDepth } from "./limits.ts";
import { readXml } from "./xml.ts";

test("elements, lists and text are read as AWS writes them", () => {
  const text = `<?xml version="1.0"?>
    <R xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Result>
      <List><member><Name>a &amp; b&#x21;</Name></member><member><Name/></member></List><Empty></Empty>
    </Result></R>`;
  assert.deepEqual(readXml(text), {
    name: "R",
    value: { Result: { List: [{ Name: "a & b!" }, { Name: "" }], Empty: "" } },
  });
});

test("what is no such text is refused: entities of one's own, unclosed and crossed elements, depth, two roots", () => {
  const deep = `${"<a>".repeat(maxXmlDepth + 1)}${"</a>".repeat(maxXmlDepth + 1)}`;
  for (const it of ["", "<a>", "<a><b></a></b>", "<a/><b/>", '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "<a", deep])
    assert.equal(readXml(it), undefined, it.slice(0, 60));
});

test("any text is an answer, and no name reaches what all objects have", () => {
  const part = fc.constantFrom(
    "<a>",
    "</a>",
    "<member>",
    "</member>",
    "<b/>",
    "&lt;",
    "&#x110000;",
    "x",
    "<",
    ">",
    "!",
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 40 }), (it) => {
      const found = readXml(it.join(""));
      return found === undefined || found.name !== "";
    }),
  );
  const found = readXml("<a><__proto__><polluted>1</polluted></__proto__></a>");
  assert.deepEqual(Object.keys(found?.value ?? {}), ["__proto__"]);
  assert.equal(Reflect.get({}, "polluted"), undefined);
});
