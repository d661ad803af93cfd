import type { NamespaceRule } from './gateways/state.ts';
import type { Inputs } from './inputs.ts';
import { selects } from './label-selector.ts';
import type { Read } from '../reactive/collection.ts';

/**
 * Whether objects of a namespace may attach, by a rule in the namespace `own`. A namespace nobody declared has the one label that
 * Kubernetes gives it.
 */
export function namespaceSelected(
  read: Read,
  namespace: string,
  { rule, own, inputs }: { readonly rule: NamespaceRule; readonly own: string; readonly inputs: Inputs },
): boolean {
  switch (rule.from) {
    case 'All':
      return true;
    case 'None':
      return false;
    case 'Same':
      return namespace === own;
    case 'Selector': {
      if (rule.selector === undefined) return false;
      const labels = read.get(inputs.resources.Namespace, namespace)?.metadata.labels;
      return selects(rule.selector, { 'kubernetes.io/metadata.name': namespace, ...labels });
    }
  }
}
