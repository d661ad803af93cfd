import type { ObjectReport, StatusReport } from '../../admin/report.ts';
import type { Condition } from '../../api/conditions.ts';
import { plural, problemLine } from '../problem-lines.ts';
import { gatewaySpec, keyOf, listenerRows, type ListenerRow } from '../status/listener-rows.ts';
import { examples } from './try-lines.ts';

/** Problems and examples that are printed; `moongate status` has them all. */
const maxProblems = 20;
const maxExamples = 4;
const maxGateways = 20;
const maxRoutes = 10;

/** What a user wants to know once the program serves: what listens where, what is wrong, and what to try next. */
export function summary(report: StatusReport): string {
  const { instance, problems, notReady } = report;
  const tries = examples(report, maxExamples);
  const blocks = [
    block(`Moongate ${instance.version} with Envoy ${instance.envoy?.version ?? '?'}; logs and state: ${instance.stateDir}`, []),
    ...gatewayBlocks(report),
    block('Routes:', limited(routeLines(report), maxRoutes, 'moongate status httproutes')),
    block('Not served yet:', notReady),
    block('Problems:', limited(problems.map(problemLine), maxProblems, 'moongate status problems')),
    block('Try:', tries.map(({ command }) => command)),
    block('See more:', hints(instance.admin, tries[0]?.explain)),
  ];
  return blocks.filter((text) => text !== '').join('\n');
}

function gatewayBlocks(report: StatusReport): string[] {
  const gateways = report.objects.filter(({ kind }) => kind === 'Gateway');
  if (gateways.length === 0) return ['There is no Gateway in the files, so nothing is served.\n'];
  const shown = gateways.slice(0, maxGateways).map((gateway) => {
    const title = `Gateway ${keyOf(gateway)}`;
    if (gateway.status === undefined) return `${title}: ${notOurs(gateway, report)}\n`;
    const rows = listenerRows(gateway, report);
    return `${title}: ${inWords(gateway.status.conditions ?? [])}\n${rows.map((row) => `  ${listenerLine(row)}\n`).join('')}`;
  });
  return gateways.length === shown.length ? shown : [...shown, `and ${plural(gateways.length - shown.length, 'more Gateway')}: moongate status gateways\n`];
}

/** A line for each parent of each route. */
function routeLines({ objects }: StatusReport): string[] {
  return objects.flatMap((object) =>
    (object.status?.parents ?? []).map(({ parentRef, conditions }) => `${object.kind} ${keyOf(object)} on ${parentRef.name}: ${inWords(conditions)}`),
  );
}

/** Conditions that hold by their types alone, the others with what they are: `Accepted, ResolvedRefs=False`. */
function inWords(conditions: readonly Condition[]): string {
  return conditions.map(({ type, status }) => (status === 'True' ? type : `${type}=${status}`)).join(', ');
}

/** Why nobody here has said anything about a Gateway. */
function notOurs(gateway: ObjectReport, { objects }: StatusReport): string {
  const { gatewayClassName = '' } = gatewaySpec(gateway);
  const gatewayClass = objects.find(({ kind, metadata }) => kind === 'GatewayClass' && metadata.name === gatewayClassName);
  if (gatewayClass?.status !== undefined) return `not served, GatewayClass "${gatewayClassName}" is not accepted`;
  return `not served here, GatewayClass "${gatewayClassName}" is of another controller`;
}

function listenerLine({ set, protocol, port, hostname, binding, routes, status, message, ...row }: ListenerRow): string {
  const name = set === undefined ? row.name : `${row.name} of ListenerSet ${set}`;
  const host = hostname === '*' ? '' : ` for ${hostname}`;
  if (binding?.bound === undefined || status !== 'Programmed') return `${name}: ${protocol} port ${port}${host} is not served: ${message || binding?.error || status}`;
  const instead = binding.bound === port ? '' : ` (in place of ${port}, which this user may not bind)`;
  return `${name}: ${protocol} on ${binding.address}:${binding.bound}${instead}${host}, ${plural(routes, 'route')}`;
}

function hints(admin: string, example: string | undefined): string[] {
  if (admin === 'off') return [];
  const where = admin === '127.0.0.1:19000' ? '' : ` --admin ${admin}`;
  return [`moongate status${where}`, ...(example === undefined ? [] : [`moongate explain ${example}${where}`]), `http://${admin}/  (readyz, metrics, JSON)`];
}

function limited(lines: readonly string[], limit: number, more: string): string[] {
  return lines.length <= limit ? [...lines] : [...lines.slice(0, limit), `and ${lines.length - limit} more: ${more}`];
}

/** A heading with lines below; '' when there is a heading for lines but none. */
function block(heading: string, lines: readonly string[]): string {
  if (lines.length === 0 && heading.endsWith(':')) return '';
  return [heading, ...lines.map((line) => `  ${line}`)].map((line) => `${line}\n`).join('');
}
