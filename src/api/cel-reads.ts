import type { parse } from '@bufbuild/cel';

type Expr = NonNullable<ReturnType<typeof parse>['expr']>;

/**
 * What CEL expressions read of a value: two values of which they read the same give the same results.
 *
 *     self.filters.all(f, f.type != 'CORS' || has(f.cors))
 *
 *     filters ── each item ─┬─ type   whole
 *                           └─ cors   whether it is there
 */
export class Reads {
  /** All of the value matters. */
  whole = false;
  /** Its size matters; that of a list always does. */
  sized = false;
  readonly fields = new Map<string, Reads>();
  items: Reads | undefined;

  field(name: string): Reads {
    // A field whose name CEL reserves is written `__name__`.
    const plain = /^__(.*)__$/.exec(name)?.[1] ?? name;
    let reads = this.fields.get(plain);
    if (reads === undefined) this.fields.set(plain, (reads = new Reads()));
    return reads;
  }

  item(): Reads {
    return (this.items ??= new Reads());
  }
}

/** Adds what an expression reads of `self`. */
export function addReads(expr: Expr, self: Reads): void {
  use(expr, new Map([['self', self]]));
}

/** What is read of a value, as a text: equal for values that differ in nothing that is read. */
export function readPart(value: unknown, reads: Reads): string {
  if (reads.whole || typeof value !== 'object' || value === null) {
    return reads.whole || reads.sized ? (JSON.stringify(value) ?? '') : typeof value;
  }
  if (Array.isArray(value)) {
    const { items } = reads;
    return items === undefined ? `[${value.length}]` : `[${value.map((item) => readPart(item, items)).join()}]`;
  }
  // To go through a map is to read its keys.
  if (reads.sized || reads.items !== undefined) return JSON.stringify(value);
  const parts: string[] = [];
  for (const [name, field] of reads.fields) {
    if (Object.hasOwn(value, name)) parts.push(`${name}:${readPart((value as Record<string, unknown>)[name], field)}`);
  }
  return `{${parts.join()}}`;
}

/** What the variables in scope stand for; one that stands for nothing of `self` is not there. */
type Scope = ReadonlyMap<string, Reads>;

/** Takes down that the result of an expression is used as it is. */
function use(expr: Expr | undefined, scope: Scope): void {
  if (expr === undefined) return;
  const reads = find(expr, scope);
  if (reads !== undefined) reads.whole = true;
}

/** The part of `self` that an expression stands for, undefined when its result is a new value, and takes down what it reads to get there. */
function find(expr: Expr, scope: Scope): Reads | undefined {
  const { exprKind: kind } = expr;
  switch (kind.case) {
    case 'identExpr':
      return scope.get(kind.value.name);
    case 'selectExpr': {
      const { operand, field, testOnly } = kind.value;
      const found = operand === undefined ? undefined : find(operand, scope)?.field(field);
      return testOnly ? undefined : found;
    }
    case 'callExpr':
      return findCall(kind.value, scope);
    case 'listExpr':
      for (const element of kind.value.elements) use(element, scope);
      return undefined;
    case 'structExpr':
      for (const { keyKind, value } of kind.value.entries) {
        if (keyKind.case === 'mapKey') use(keyKind.value, scope);
        use(value, scope);
      }
      return undefined;
    case 'comprehensionExpr':
      loop(kind.value, scope, (inner) => use(kind.value.loopStep, inner));
      return undefined;
    case 'constExpr':
    case undefined:
      return undefined;
  }
}

type Kind<Case> = Extract<Expr['exprKind'], { readonly case: Case }> extends { readonly value: infer Value } ? Value : never;

function findCall(call: Kind<'callExpr'>, scope: Scope): Reads | undefined {
  const { function: name, target, args } = call;
  const [first, second] = target === undefined ? args : [target, ...args];
  if (name === '_[_]' && first !== undefined && second?.exprKind.case === 'constExpr' && second.exprKind.value.constantKind.case === 'int64Value') {
    return find(first, scope)?.item();
  }
  if (name === 'size' && first !== undefined && second === undefined) {
    const condition = first.exprKind.case === 'comprehensionExpr' ? filterCondition(first.exprKind.value) : undefined;
    if (first.exprKind.case === 'comprehensionExpr' && condition !== undefined) {
      loop(first.exprKind.value, scope, (inner) => use(condition, inner));
    } else {
      const found = find(first, scope);
      if (found !== undefined) found.sized = true;
    }
    return undefined;
  }
  use(target, scope);
  for (const argument of args) use(argument, scope);
  return undefined;
}

/** A macro such as `all`, `exists` or `map`, as the parser writes it out. */
function loop(macro: Kind<'comprehensionExpr'>, scope: Scope, step: (inner: Scope) => void): void {
  const { iterRange, iterVar, iterVar2, accuVar, accuInit, loopCondition, result } = macro;
  const range = iterRange === undefined ? undefined : find(iterRange, scope);
  if (range !== undefined && iterVar2 !== '') range.whole = true;
  const outer = new Map(scope);
  outer.delete(accuVar);
  const inner = new Map(outer);
  inner.delete(iterVar2);
  inner.delete(iterVar);
  if (range !== undefined) inner.set(iterVar, range.item());
  use(accuInit, scope);
  use(loopCondition, inner);
  step(inner);
  use(result, outer);
}

/** The condition of `list.filter(x, CONDITION)`: when only the size of the result matters, the items that pass are not read for themselves. */
function filterCondition({ accuVar, iterVar, loopStep, result }: Kind<'comprehensionExpr'>): Expr | undefined {
  const isName = (expr: Expr | undefined, name: string): boolean => expr?.exprKind.case === 'identExpr' && expr.exprKind.value.name === name;
  if (!isName(result, accuVar) || loopStep?.exprKind.case !== 'callExpr' || loopStep.exprKind.value.function !== '_?_:_') return undefined;
  const [condition, longer, same] = loopStep.exprKind.value.args;
  if (!isName(same, accuVar) || longer?.exprKind.case !== 'callExpr' || longer.exprKind.value.function !== '_+_') return undefined;
  const [before, added] = longer.exprKind.value.args;
  if (!isName(before, accuVar) || added?.exprKind.case !== 'listExpr') return undefined;
  const { elements } = added.exprKind.value;
  return elements.length === 1 && isName(elements[0], iterVar) ? condition : undefined;
}
