import type { PoolPicks } from '../../admin/picks.ts';
import { table } from '../table.ts';

type Pick = PoolPicks['picks'][number];

/** Candidates that are shown of each pick: the best, and what they were better than. */
const shownCandidates = 3;

/** Picks as a table for each pool. `wide`: with every score. */
export function picksText(pools: readonly PoolPicks[], { wide = false }: { readonly wide?: boolean } = {}): string {
  if (pools.length === 0) return 'No pool is served.\n';
  return pools.map(({ pool, picks }) => `${pool}\n${picks.length === 0 ? 'No picks yet.\n' : wide ? picks.map(explained).join('\n') : overview(picks)}`).join('\n');
}

function overview(picks: readonly Pick[]): string {
  const rows = picks.map((pick) => [pick.requestId, pick.targetModel || pick.model || '-', short(pick.picked[0] ?? '-'), outcome(pick), best(pick)]);
  return table(['REQUEST', 'MODEL', 'SERVER', 'OUTCOME', 'BEST SCORES'], rows);
}

/** One pick with all that was thought about its candidates. */
function explained(pick: Pick): string {
  const scorers = Object.keys(pick.candidates[0]?.scores ?? {});
  const weights = pick.candidates[0]?.scores ?? {};
  const heading = ['  SERVER', 'TOTAL', ...scorers.map((name) => `${name} ×${weights[name]?.weight ?? 1}`)];
  const rows = pick.candidates.map(({ name, total, scores }) => [`  ${short(name)}`, number(total), ...scorers.map((scorer) => number(scores[scorer]?.score ?? 0))]);
  const filters = pick.filters.map(({ name, left }) => `  ${name} left ${left}\n`).join('');
  const model = pick.targetModel || pick.model;
  return `request ${pick.requestId}${model === '' ? '' : `, model ${model}`}: profile ${pick.profile}, sent to ${pick.picked.map(short).join(', then ')}; ${outcome(pick)}\n${filters}${table(heading, rows)}`;
}

function outcome({ endedAfter, servedBy, picked }: Pick): string {
  if (endedAfter === undefined) return 'under way';
  const time = `${Math.round(endedAfter)} ms`;
  return servedBy === undefined || servedBy === picked[0] ? time : `${time}, by ${short(servedBy)}`;
}

function best({ candidates }: Pick): string {
  const shown = candidates.slice(0, shownCandidates).map(({ name, total }) => `${short(name)} ${number(total)}`);
  return [...shown, ...(candidates.length > shownCandidates ? [`and ${candidates.length - shownCandidates} more`] : [])].join(', ');
}

/** Without the namespace, which is the pool's. */
function short(name: string): string {
  return name.slice(name.indexOf('/') + 1);
}

function number(value: number): string {
  return value.toFixed(2);
}
