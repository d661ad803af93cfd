export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

export interface GatewayStatus {
  readonly addresses?: readonly { readonly value: string }[];
  readonly conditions?: readonly Condition[];
  readonly listeners?: readonly { readonly name: string; readonly attachedRoutes: number; readonly conditions: readonly Condition[] }[];
}

export interface RouteStatus {
  readonly parents?: readonly { readonly controllerName: string; readonly conditions: readonly Condition[] }[];
}

export const controllerName = 'gateway.envoyproxy.io/gatewayclass-controller';

/** Whether a condition is True. */
export function isTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;
}

/** Whether our entry says that a route is accepted. */
export function isAccepted(status: RouteStatus | undefined): boolean {
  return isTrue(status?.parents?.find((parent) => parent.controllerName === controllerName)?.conditions, 'Accepted');
}
