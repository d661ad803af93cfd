import { at, type Fault } from '../conditions.ts';
import type { ResolvedCa } from '../tls/ca-certificates.ts';
import type { FrontendTls, FrontendValidation } from '../../api/types.ts';
import type { ClientValidation } from '../../ir/listener.ts';

/** What a listener makes of its Gateway's `tls.frontend`. */
export interface ClientVerdict {
  /** undefined: certificates of clients are not asked for, or there is nothing to judge them by. */
  readonly validation: ClientValidation | undefined;
  /** ResolvedRefs=False. */
  readonly refsFaults: readonly Fault[];
  /** Accepted=False: "If ALL CACertificateRefs are invalid … NoValidCACertificate". Nobody is let in unseen. */
  readonly fault: Fault | undefined;
}

/** Of a listener that asks clients for nothing. */
export const noClientValidation: ClientVerdict = { validation: undefined, refsFaults: [], fault: undefined };

/** How certificates of clients are judged at listeners of a port that end TLS: as `perPort` says, else by default. */
export function clientValidation(
  port: number,
  frontend: FrontendTls | undefined,
  resolve: (refs: FrontendValidation['caCertificateRefs']) => ResolvedCa,
): ClientVerdict {
  const own = validationsOf(frontend).find((one) => one.port === port) ?? validationsOf(frontend).find((one) => one.port === undefined);
  if (own?.validation === undefined) return noClientValidation;
  const { trust, faults } = resolve(own.validation.caCertificateRefs);
  const refsFaults = faults.map((fault) => at(own.field, fault));
  if (trust !== undefined) {
    return { validation: { trustBundle: trust, required: own.validation.mode === 'AllowValidOnly' }, refsFaults, fault: undefined };
  }
  const message = `${own.field}: no valid CA certificate is left to check clients against, so none is let in`;
  return { validation: undefined, refsFaults, fault: { reason: 'NoValidCACertificate', message } };
}

/** InsecureFrontendValidationMode=True: where clients are let in that have no valid certificate. */
export function insecureValidation(frontend: FrontendTls | undefined): Fault | undefined {
  const insecure = validationsOf(frontend).filter(({ validation }) => validation?.mode === 'AllowInsecureFallback');
  if (insecure.length === 0) return undefined;
  const fields = insecure.map(({ field }) => `${field}.mode`).join(', ');
  return { reason: 'ConfigurationChanged', message: `${fields}: AllowInsecureFallback lets in clients without a valid certificate` };
}

/** A validation, the field that it stands in, and the port that it is for; undefined: the ports without one of their own. */
interface PlacedValidation {
  readonly field: string;
  readonly port: number | undefined;
  /** undefined: the field says that there is none. */
  readonly validation: FrontendValidation | undefined;
}

function validationsOf(frontend: FrontendTls | undefined): PlacedValidation[] {
  if (frontend === undefined) return [];
  return [
    { field: 'tls.frontend.default.validation', port: undefined, validation: frontend.default.validation },
    ...(frontend.perPort ?? []).map(({ port, tls }, i) => ({ field: `tls.frontend.perPort[${i}].tls.validation`, port, validation: tls.validation })),
  ];
}
