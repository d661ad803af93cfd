import { jsonAnswer, textAnswer, type AdminAnswer, type AdminHandler } from '../admin/http-server.ts';
import type { Metrics } from '../admin/metrics.ts';
import type { StatusReport } from '../admin/report.ts';
import type { ControlPlane } from './control-plane.ts';
import { messageOf } from '../util/error-message.ts';
import { explainRequest } from './explain.ts';
import type { Standalone } from './standalone.ts';
import { irView, xdsView } from './views.ts';

/** What the admin port tells about: an Instance. */
export interface Observed {
  readonly metrics: Metrics;
  /** undefined until there is one. */
  readonly standalone: Standalone | undefined;
  notReady(): readonly string[];
  status(): StatusReport;
}

const index = `Moongate

/healthz             the process is alive
/readyz              files read, every Gateway has a port, Envoys live and up to date; or why not
/metrics             for Prometheus
/api/v1/status       instance, objects with conditions, ports, proxies, problems
/api/v1/problems     what is wrong with files, objects and conditions
/api/v1/proxies      the Envoys
/api/v1/explain      who answers a request: ?method=GET&url=http://www.example.com/get&header=name:%20value
/api/v1/picks        the last picks of model servers, with candidates and scores: ?pool=default/llama&limit=20
/api/v1/picker       the endpoint picker of pools that name none
/picker/metrics      of the endpoint picker, for Prometheus
/api/v1/config/ir    listeners, routes and backends
/api/v1/config/xds   what Envoy is sent
`;

/** What the admin port answers. */
export function adminHandlers(instance: Observed): ReadonlyMap<string, AdminHandler> {
  const ofPlane = (view: (plane: ControlPlane) => unknown) => (): AdminAnswer => {
    const plane = instance.standalone?.plane;
    return plane === undefined ? jsonAnswer({ error: instance.notReady().join('; ') }, 503) : jsonAnswer(view(plane));
  };
  const ofPicker = async (path: string): Promise<AdminAnswer> => {
    const picker = instance.standalone?.picker;
    if (picker?.isNeeded !== true) return jsonAnswer({ error: 'no pool is served by an endpoint picker of ours' }, 404);
    return picker.ask(path).catch((error: unknown) => jsonAnswer({ error: messageOf(error) }, 503));
  };
  return new Map<string, AdminHandler>([
    ['/', () => textAnswer(index)],
    ['/healthz', () => textAnswer('ok\n')],
    ['/readyz', () => {
      const reasons = instance.notReady();
      return reasons.length === 0 ? textAnswer('ok\n') : textAnswer(reasons.map((reason) => `${reason}\n`).join(''), 503);
    }],
    ['/metrics', async () => ({ status: 200, ...(await instance.metrics.text()) })],
    ['/api/v1/status', () => jsonAnswer(instance.status())],
    ['/api/v1/problems', () => jsonAnswer(instance.status().problems)],
    ['/api/v1/proxies', () => jsonAnswer(instance.status().proxies)],
    ['/api/v1/explain', (query) => {
      if (instance.standalone === undefined) return jsonAnswer({ error: instance.notReady().join('; ') }, 503);
      return explainRequest(instance.standalone, query);
    }],
    ['/api/v1/picks', (query) => ofPicker(`/api/v1/picks?${query.toString()}`)],
    ['/api/v1/picker', () => {
      const picker = instance.standalone?.picker;
      return jsonAnswer({ needed: picker?.isNeeded ?? false, ready: picker?.isReady ?? false, ...(picker?.pid !== undefined && { pid: picker.pid }) });
    }],
    ['/picker/metrics', () => ofPicker('/metrics')],
    ['/api/v1/config/ir', ofPlane(irView)],
    ['/api/v1/config/xds', ofPlane(xdsView)],
  ]);
}
