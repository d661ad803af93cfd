import type { MessageInitShape } from '@bufbuild/protobuf';
import type { RouteAction_RequestMirrorPolicySchema } from '../../gen/envoy/config/route/v3/route_components_pb.ts';
import { FractionalPercent_DenominatorType } from '../../gen/envoy/type/v3/percent_pb.ts';
import type { FractionalPercentSchema } from '../../gen/envoy/type/v3/percent_pb.ts';
import type { Mirror } from '../../ir/route.ts';
import { clusterName } from './cluster.ts';

/** Mirrors as Envoy policies; one whose share is nothing is left out. Each draws its own lot. */
export function mirrorPolicies(mirrors: readonly Mirror[]): MessageInitShape<typeof RouteAction_RequestMirrorPolicySchema>[] {
  return mirrors
    .filter((mirror) => mirror.numerator > 0)
    .map((mirror) => ({
      cluster: clusterName(mirror.backend),
      runtimeFraction: { defaultValue: millionths(mirror.numerator, mirror.denominator) },
      // The copy is meant to look like the original: Envoy would make the host `example.com-shadow`.
      disableShadowHostSuffixAppend: true,
    }));
}

/** The nearest share that Envoy can express, but never nothing for something. */
export function millionths(numerator: number, denominator: number): MessageInitShape<typeof FractionalPercentSchema> {
  const share = Math.min(1, numerator / denominator);
  return { numerator: share === 0 ? 0 : Math.max(1, Math.round(share * million)), denominator: FractionalPercent_DenominatorType.MILLION };
}

const million = 1_000_000;
