import type { Completion } from "../generated/protocol";
import { crypto } from "../late";
import type { Secrets } from "../secrets";

/** HMAC-SHA-256 of each variable's value under the kept key; `null` where the variable is not set. */
export function fingerprint(names: readonly string[], key: string, secrets: Secrets): Completion {
  const secret = secrets.kept(key);
  const values = names.map((name): [string, string | null] => {
    const value = secrets.find(name);
    return [name, value === undefined ? null : crypto().createHmac("sha256", secret).update(value).digest("hex")];
  });
  return { type: "fingerprinted", values: Object.fromEntries(values) };
}
