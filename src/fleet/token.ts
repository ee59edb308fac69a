/** SHA-256 makes all texts of one length; the comparison then takes the same time wherever they differ. */
async function isSame(given: string, expected: string): Promise<boolean> {
  const hash = async (text: string) =>
    new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  const [one, other] = [await hash(given), await hash(expected)];
  let difference = 0;
  for (const [index, byte] of one.entries()) difference |= byte ^ (other[index] as number);
  return difference === 0;
}

/**
 * Whether a request bears the token, as `Authorization: Bearer <token>`.
 *
 * @param request the request
 * @param token the secret; none bears an empty one, or one that is not there
 */
export async function bearsToken(request: Request, token: string | undefined): Promise<boolean> {
  const given = /^Bearer (.*)$/i.exec(request.headers.get('Authorization') ?? '')?.[1];
  return Boolean(token) && given !== undefined && (await isSame(given, token ?? ''));
}
