import { parseMarkdown, type Block, type Span } from "./markdown.ts";
import { Shown } from "./text.tsx";
import s from "./markdown.module.css";

/** A playbook's text as elements: never as HTML. */
export function Markdown({ children }: { readonly children: string }) {
  return (
    <div className={s.markdown}>
      {parseMarkdown(children).map((block, i) => (
        <BlockView block={block} key={i} />
      ))}
    </div>
  );
}

function BlockView({ block }: { readonly block: Block }) {
  switch (block.kind) {
    case "paragraph":
      return (
        <p>
          <Spans of={block.spans} />
        </p>
      );
    case "code":
      return (
        <pre tabIndex={0}>
          <Shown lines>{block.text}</Shown>
        </pre>
      );
    case "list": {
      const items = block.items.map((spans, i) => (
        <li key={i}>
          <Spans of={spans} />
        </li>
      ));
      return block.ordered ? <ol>{items}</ol> : <ul>{items}</ul>;
    }
  }
}

function Spans({ of }: { readonly of: readonly Span[] }) {
  return of.map((span, i) => <SpanView span={span} key={i} />);
}

function SpanView({ span }: { readonly span: Span }) {
  const text = <Shown>{span.text}</Shown>;
  switch (span.kind) {
    case "text":
      return text;
    case "code":
      return <code>{text}</code>;
    case "strong":
      return <strong>{text}</strong>;
    case "emphasis":
      return <em>{text}</em>;
    case "link":
      return (
        <a href={span.to} rel="noreferrer">
          {text}
        </a>
      );
  }
}
