/** True when a connection failed because the other side's certificate is not trusted or not its own, as OpenSSL and Node name that: to try again does not help. */
export function isAboutCertificates(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)/.test(code);
}
