/** A certificate that nobody can verify, for callers who do not mean to: proxies connect to pickers without verification by default, as upstream's have no other. */
export async function selfSignedCertificate(): Promise<{ readonly cert: string; readonly key: string }> {
  // Loaded only where it is needed: it is the largest part of the program.
  const { AUTHORITY_DAYS, issueAuthority, issueLeaf } = await import('../infra/kubernetes/certificates/issue.ts');
  const validity = { now: Date.now(), days: AUTHORITY_DAYS };
  return issueLeaf(await issueAuthority(validity), { ...validity, dnsNames: ['moongate-epp'], usage: 'server' });
}
