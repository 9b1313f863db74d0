// YAML (or JSON) text to a document of the right shape. Every problem is answered with its line and column, all of them
// at once. Pure.
import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit, type Document } from 'yaml';

import { PpecError, type Issue } from '../../../shared/errors.ts';

/** The place of a member of a document: `file:line:column`. */
export type Locator = (path: readonly (string | number)[]) => string;

/** A document that has the right shape, and where its members stand. */
export type Placed<T> = { readonly value: T; readonly at: Locator };

/** What a compiled schema can say. */
export type Shape<T> = {
  readonly Check: (value: unknown) => value is T;
  readonly Errors: (value: unknown) => readonly {
    readonly keyword: string;
    readonly instancePath: string;
    readonly message: string;
    readonly params: unknown;
  }[];
};

const issuesMax = 50;
/** Reading YAML takes microseconds per character, and nothing else is served meanwhile; CSV is read much faster. */
const yamlTextMax = 3_000_000;

/** Throws `invalid_argument` with one issue per problem. */
export function refuseDocument(issues: readonly Issue[], noun = 'purchase order'): PpecError {
  const count = issues.length === 1 ? 'one problem' : `${issues.length} problems`;
  return new PpecError('invalid_argument', `The ${noun} has ${count}; nothing was kept.`, {
    issues: issues.slice(0, issuesMax),
  });
}

/** The text as plain data, before anything is known of its shape. Throws `invalid_argument`. */
export function readYaml(text: string, fileName: string): Placed<unknown> {
  if (text.length > yamlTextMax) {
    const message = `${text.length} characters; YAML and JSON may have up to ${yamlTextMax}. Write it as CSV`;
    throw refuseDocument([{ path: fileName, message }]);
  }
  const counter = new LineCounter();
  // The library compares every key of a map with every other; with many keys that takes hours.
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false, uniqueKeys: false });
  const place = (offset: number): string => {
    const { line, col } = counter.linePos(offset);
    return `${fileName}:${line}:${col}`;
  };
  const errors = document.errors.slice(0, issuesMax).map((error): Issue => {
    const isTooDeep = /call stack/.test(error.message);
    return { path: place(error.pos[0]), message: isTooDeep ? 'nested too deeply' : error.message };
  });
  const syntax = errors.length > 0 ? errors : repeatedKeys(document, place);
  if (syntax.length > 0) throw refuseDocument(syntax);
  try {
    const value: unknown = document.toJS({ maxAliasCount: 0 });
    return { value, at: locator(document, counter, fileName) };
  } catch (error) {
    const message = error instanceof Error ? error.message : 'not readable';
    throw refuseDocument([{ path: `${fileName}:1:1`, message }]);
  }
}

function repeatedKeys(document: Document, place: (offset: number) => string): Issue[] {
  const issues: Issue[] = [];
  visit(document, {
    Map: (_key, map) => {
      const names = new Set<string>();
      for (const { key } of map.items) {
        const name = isScalar(key) ? String(key.value) : undefined;
        const offset = isNode(key) ? key.range?.[0] : undefined;
        if (name !== undefined && names.has(name))
          issues.push({ path: place(offset ?? 0), message: `'${name.slice(0, 80)}' is there twice` });
        else if (name !== undefined) names.add(name);
      }
      return issues.length < issuesMax ? undefined : visit.BREAK;
    },
  });
  return issues.slice(0, issuesMax);
}

/** The same data, known to have this shape. Throws `invalid_argument`. */
export function shaped<T>({ value, at }: Placed<unknown>, shape: Shape<T>): Placed<T> {
  if (!shape.Check(value)) throw refuseDocument(shapeIssues(shape.Errors(value), at));
  const inexact = inexactNumbers(value, [])
    .slice(0, issuesMax)
    .map((path) => ({
      path: at(path),
      message: `${path.join('.')}: it has more than four decimals, or too many digits to be exact; write it as text`,
    }));
  if (inexact.length > 0) throw refuseDocument(inexact);
  return { value, at };
}

function shapeIssues(errors: ReturnType<Shape<unknown>['Errors']>, at: Locator): Issue[] {
  // An unknown field is told once, where it is, not again for the object around it.
  const told = errors.filter((error) => error.keyword !== 'additionalProperties');
  const issues = told.map((error): Issue => {
    const path = error.instancePath.split('/').slice(1);
    const missing = error.keyword === 'required' ? firstText(error.params, 'requiredProperties') : undefined;
    const name = path.at(-1) ?? '';
    const message =
      missing !== undefined
        ? `field '${missing}' is missing`
        : error.keyword === 'boolean'
          ? `unknown field '${name}'`
          : `${path.join('.') || 'the document'}: ${error.message}`;
    return { path: at(path), message };
  });
  return dedupe(issues);
}

/** Where a number cannot be taken as it is written: amounts have four decimals, and no more digits than are exact. */
function inexactNumbers(value: unknown, path: readonly (string | number)[]): (readonly (string | number)[])[] {
  if (typeof value === 'number') return Number(value.toFixed(4)) === value && value < 1e11 ? [] : [path];
  if (Array.isArray(value)) return value.flatMap((item, index) => inexactNumbers(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => inexactNumbers(member, [...path, name]));
}

/** Line and column of the node at a path; of the nearest one above it where there is none. */
function locator(document: Document, counter: LineCounter, fileName: string): Locator {
  return (path) => {
    let offset = 0;
    let node: unknown = document.contents;
    for (const part of path) {
      let next: unknown;
      if (isMap(node)) {
        const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part));
        if (pair !== undefined && isNode(pair.key) && pair.key.range != null) offset = pair.key.range[0];
        next = pair?.value;
      } else if (isSeq(node)) {
        next = node.items[Number(part)];
      }
      if (!isNode(next)) break;
      if (next.range != null) offset = next.range[0];
      node = next;
    }
    const { line, col } = counter.linePos(offset);
    return `${fileName}:${line}:${col}`;
  };
}

function firstText(params: unknown, member: string): string | undefined {
  const list: unknown = typeof params === 'object' && params !== null ? Reflect.get(params, member) : undefined;
  const first: unknown = Array.isArray(list) ? list[0] : undefined;
  return typeof first === 'string' ? first : undefined;
}

function dedupe(issues: readonly Issue[]): Issue[] {
  const byPath = new Map<string, Issue>();
  for (const issue of issues) if (!byPath.has(issue.path)) byPath.set(issue.path, issue);
  return [...byPath.values()].slice(0, issuesMax);
}
