/** Play, pause, speed, position: the bar below, and the keyboard. */
import { element } from "./elements.ts";
import type { Timeline } from "./timeline.ts";

const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4] as const;

/** Seconds for which the last state stays before a replay begins anew. */
const REST = 1;

export class Player {
  readonly element: HTMLElement;
  /** Seconds after the first state. */
  seconds = 0;
  readonly #timeline: Timeline;
  readonly #button = element("button", { type: "button" });
  readonly #slider: HTMLInputElement;
  readonly #clock = element("output", {});
  readonly #speed: HTMLSelectElement;
  #isPlaying = true;
  #rested = 0;

  /** @param follow What a change of "follow" tells. */
  constructor(timeline: Timeline, follow: (isOn: boolean) => void) {
    this.#timeline = timeline;
    this.#slider = element("input", { type: "range", min: "0", max: String(timeline.steps), step: "1", value: "0" });
    this.#slider.ariaLabel = "step";
    this.#speed = element(
      "select",
      { ariaLabel: "speed" },
      ...SPEEDS.map((speed) => element("option", { value: String(speed), selected: speed === 1 }, `${speed}×`)),
    );
    const followBox = element("input", { type: "checkbox", checked: true });
    this.element = element(
      "nav",
      {},
      this.#button,
      this.#slider,
      this.#clock,
      this.#speed,
      element("label", {}, followBox, "follow"),
    );
    this.#button.addEventListener("click", () => this.#toggle());
    this.#slider.addEventListener("input", () => {
      this.#play(false);
      this.seek(this.#timeline.secondsOf(Number(this.#slider.value)));
    });
    followBox.addEventListener("change", () => follow(followBox.checked));
    window.addEventListener("keydown", (event) => this.#key(event));
    this.#play(true);
  }

  /** Lets `elapsed` seconds of the reader's time pass. */
  advance(elapsed: number): void {
    if (!this.#isPlaying) return;
    const { duration } = this.#timeline;
    if (this.seconds < duration) {
      this.seek(this.seconds + elapsed * Number(this.#speed.value));
      this.#rested = 0;
    } else {
      this.#rested += elapsed;
      if (this.#rested > REST) this.seek(0);
    }
  }

  seek(seconds: number): void {
    this.seconds = Math.min(Math.max(seconds, 0), this.#timeline.duration);
    this.#slider.value = String(this.#timeline.at(this.seconds).index);
    this.#clock.textContent = `${this.seconds.toFixed(1)} of ${this.#timeline.duration.toFixed(1)} s`;
  }

  #play(isOn: boolean): void {
    this.#isPlaying = isOn;
    this.#button.textContent = isOn ? "❚❚" : "▶";
    this.#button.ariaLabel = isOn ? "pause" : "play";
  }

  #toggle(): void {
    if (!this.#isPlaying && this.seconds >= this.#timeline.duration) this.seek(0);
    this.#play(!this.#isPlaying);
  }

  #key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const { index, part } = this.#timeline.at(this.seconds);
    const step = { ArrowLeft: part > 0 ? 0 : -1, ArrowRight: 1 }[event.key];
    if (step !== undefined) {
      this.#play(false);
      this.seek(this.#timeline.secondsOf(Math.min(Math.max(index + step, 0), this.#timeline.steps)));
    } else if (event.key === " ") this.#toggle();
    else if (event.key === "Home") this.seek(0);
    else return;
    event.preventDefault();
  }
}
