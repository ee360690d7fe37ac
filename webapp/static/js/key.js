// A write that differs from the one before it needs an idempotency key of its own.

export function renewKey(form) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const key = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  form.querySelector('input[name="idempotency_key"]').value = key;
}
