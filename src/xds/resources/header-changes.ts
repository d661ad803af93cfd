import type { MessageInitShape } from '@bufbuild/protobuf';
import { HeaderValueOption_HeaderAppendAction } from '../../gen/envoy/config/core/v3/base_pb.ts';
import type { HeaderValueOptionSchema } from '../../gen/envoy/config/core/v3/base_pb.ts';
import type { Header, HeaderChanges } from '../../ir/route.ts';

type HeaderOption = MessageInitShape<typeof HeaderValueOptionSchema>;

/** Header changes in Envoy's two lists; Envoy removes first, then walks the other list in order. */
export interface EnvoyHeaderChanges {
  readonly toAdd: HeaderOption[];
  readonly toRemove: string[];
}

/**
 * Translates header changes that are made one after the other, as a rule's and then its backend's; what Envoy refuses to
 * change (pseudo headers, Host) is left out. A removal is done ahead of everything, so it also takes out
 * what earlier changes would have put there.
 */
export function headerChanges(...layers: readonly HeaderChanges[]): EnvoyHeaderChanges {
  const toAdd = layers.flatMap((layer, i) => {
    const removedLater = new Set(layers.slice(i + 1).flatMap((later) => later.remove));
    const stays = (header: Header) => isChangeable(header.name) && !removedLater.has(header.name);
    return [
      ...layer.set.filter(stays).map((header) => option(header, HeaderValueOption_HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD)),
      ...layer.add.filter(stays).map((header) => option(header, HeaderValueOption_HeaderAppendAction.APPEND_IF_EXISTS_OR_ADD)),
    ];
  });
  return { toAdd, toRemove: [...new Set(layers.flatMap((layer) => layer.remove))].filter(isChangeable) };
}

/** The value that a `set` gives to Host: Envoy knows that as a host rewrite. */
export function hostOf(changes: HeaderChanges): string | undefined {
  return changes.set.findLast((header) => header.name === 'host')?.value;
}

export function changesNothing(changes: HeaderChanges): boolean {
  return changes.set.length === 0 && changes.add.length === 0 && changes.remove.length === 0;
}

/** Literal text where Envoy expects a format: `%` begins a command (`%REQ(…)%`), `%%` is the character. */
export function escapeFormat(text: string): string {
  return text.replaceAll('%', '%%');
}

function option(header: Header, appendAction: HeaderValueOption_HeaderAppendAction): HeaderOption {
  // Envoy drops a header whose value came out empty unless told that it is meant.
  return { header: { key: header.name, value: escapeFormat(header.value) }, appendAction, keepEmptyValue: header.value === '' };
}

function isChangeable(name: string): boolean {
  return !name.startsWith(':') && name !== 'host' && name !== '';
}
