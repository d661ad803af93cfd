/** Whether labels fit a selector as `kubectl -l` takes it. */
export function fitsLabels(selector: string | undefined, labels: Readonly<Record<string, string>>): boolean {
  return requirements(selector).every((requirement) => {
    const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(requirement);
    if (set !== null) {
      const [, name = '', operator, list = ''] = set;
      const isIn = list.split(',').map((value) => value.trim()).includes(labels[name] ?? '\0');
      return operator === 'in' ? isIn : !isIn;
    }
    const [, name = '', operator = '', value = ''] = /^(!?[^=!\s]+)\s*(==|=|!=)?\s*(.*)$/.exec(requirement) ?? [];
    if (operator === '') return name.startsWith('!') ? labels[name.slice(1)] === undefined : labels[name] !== undefined;
    return operator === '!=' ? labels[name] !== value : labels[name] === value;
  });
}

/** Whether an object fits a field selector: `metadata.name`, `metadata.namespace`, `type`. */
export function fitsFields(selector: string | undefined, object: Readonly<Record<string, unknown>>): boolean {
  return requirements(selector).every((requirement) => {
    const [, path = '', operator, value] = /^([^=!]+)(==|=|!=)(.*)$/.exec(requirement) ?? [];
    const actual = path.split('.').reduce<unknown>((parent, name) => (parent as Record<string, unknown> | undefined)?.[name], object);
    return operator === '!=' ? actual !== value : actual === value;
  });
}

/** Splits at commas outside of parentheses. */
function requirements(selector: string | undefined): string[] {
  return (selector ?? '').split(/,(?![^(]*\))/).map((part) => part.trim()).filter((part) => part !== '');
}
