import { byText } from '../../util/compare.ts';
import { mergeConditions } from './conditions.ts';
import { fieldsOf, listOf, textOf, type Fields } from './fields.ts';
import { LISTENER_CONDITIONS, MAX_ADDRESSES, MAX_FEATURES, type Shape } from './shapes.ts';

/**
 * A status that one controller writes as a whole. Conditions of types that we do not know stay, as do fields that are not
 * the kind's; a field of the kind that is not wanted goes: it would be about a state that is over.
 */
export function mergeWhole(observed: Fields, wanted: Fields, { shape, now }: { readonly shape: Extract<Shape, { form: 'whole' }>; readonly now: string }): Fields {
  const merged: Record<string, unknown> = { ...observed };
  merged['conditions'] = mergeConditions(observed['conditions'], wanted['conditions'], { now, owns: (type) => shape.conditions.includes(type) });
  for (const field of shape.fields) {
    if (wanted[field] === undefined) delete merged[field];
    else merged[field] = mergeField(field, { observed: observed[field], wanted: wanted[field], now });
  }
  return merged;
}

function mergeField(field: string, { observed, wanted, now }: { readonly observed: unknown; readonly wanted: unknown; readonly now: string }): unknown {
  switch (field) {
    case 'addresses':
      return listOf(wanted).slice(0, MAX_ADDRESSES);
    case 'supportedFeatures':
      return listOf(wanted).map(nameOf).sort(byText).slice(0, MAX_FEATURES).map((name) => ({ name }));
    case 'listeners':
      return mergeListeners(observed, wanted, now);
    default:
      return wanted;
  }
}

function mergeListeners(observed: unknown, wanted: unknown, now: string): Fields[] {
  const before = new Map(listOf(observed).map((listener) => [nameOf(listener), fieldsOf(listener)]));
  return listOf(wanted).map(fieldsOf).map((listener) => ({
    ...listener,
    conditions: mergeConditions(before.get(nameOf(listener))?.['conditions'], listener['conditions'], {
      now,
      owns: (type) => LISTENER_CONDITIONS.includes(type),
    }),
  }));
}

/** Of a listener, or of a feature, which older CRDs have as a mere text. */
function nameOf(element: unknown): string {
  return typeof element === 'string' ? element : textOf(fieldsOf(element)['name']);
}
