/**
 * What the user asked for can't be done: an unknown name, an impossible value, a folder in the way. One line; exit code
 * 2.
 */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}

/** The work itself failed: a damaged file, a diverged loss, a full disk. One line; exit code 1. */
export class FailureError extends Error {
  override readonly name: string = "FailureError";
}

/**
 * The error of a file operation as one that names the file; any other error as it is.
 *
 * @param action what failed, to follow "can't be": "written"
 */
export function fileFailure(path: string, action: string, error: unknown): unknown {
  const isSystemError = error instanceof Error && "code" in error && "syscall" in error;
  return isSystemError ? new FailureError(`${path} can't be ${action}: ${error.message}`, { cause: error }) : error;
}

/** A quantity that must be a number became NaN or infinite. The run stops; its last checkpoint stays as it is. */
export class NonFiniteError extends FailureError {
  override readonly name = "NonFiniteError";
  /** What became non-finite, as the metrics call it. */
  readonly quantity: string;
  /** The training step at which it was seen. */
  readonly step: number;

  constructor(quantity: string, step: number, value: number = Number.NaN) {
    super(`${quantity} became ${value} at step ${step}: the run stops here, and its last checkpoint is untouched`);
    this.quantity = quantity;
    this.step = step;
  }
}

/**
 * The value, if it is finite.
 *
 * @throws NonFiniteError naming the quantity and the step otherwise.
 */
export function requireFinite(quantity: string, step: number, value: number): number {
  if (!Number.isFinite(value)) throw new NonFiniteError(quantity, step, value);
  return value;
}

/** The exit code of a process that ends with this error: 2 for a {@link UsageError}, 1 for anything else. */
export function exitCodeOf(error: unknown): 1 | 2 {
  return error instanceof UsageError ? 2 : 1;
}
