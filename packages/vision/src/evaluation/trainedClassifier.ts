/** A classifier's exported model with what it says of itself. */
import { FailureError } from "@era/lab";
import { LoadedModel, modelMetadata } from "@era/tensor";
import sharp from "sharp";
import * as z from "zod";
import type { ImageSet } from "../data/imageSet.ts";
import { toPlanes } from "./rawImages.ts";

export interface TrainedClassifier {
  readonly model: LoadedModel;
  readonly classes: readonly string[];
  /** Of the images it takes. */
  readonly image: ImageSet["image"];
  /** Share of the shorter side of an image of another size that is seen. */
  readonly centreShare: number;
  readonly entropy: { readonly target: number | null; readonly floor: number | null };
}

const described = z.object({
  classes: z.array(z.string()).min(2),
  image: z.object({ color: z.enum(["RGB", "grey"]), size: z.tuple([z.int(), z.int()]), crop: z.number().optional() }),
  entropy: z.object({ target: z.number().nullable(), floor: z.number().nullable() }),
});

/**
 * Loads a model that `Classifier.exportModel` made.
 * @throws FailureError in one line where it is no such model
 */
export async function loadClassifier(bytes: Uint8Array, name: string, threads = 0): Promise<TrainedClassifier> {
  let about: z.infer<typeof described>;
  try {
    const texts = Object.entries(modelMetadata(bytes)).map(([key, text]) => [key, JSON.parse(text)]);
    about = described.parse(Object.fromEntries(texts));
  } catch (error) {
    throw new FailureError(`${name}: is no image classifier's model, or says nothing of its classes`, { cause: error });
  }
  const { classes, image, entropy } = about;
  const model = await LoadedModel.load(bytes, threads > 0 ? { threads } : {});
  const centreShare = image.crop ?? 1;
  return { model, classes, entropy, centreShare, image: [image.color === "RGB" ? 3 : 1, ...image.size] };
}

export interface Prediction {
  readonly file: string;
  /** Likeliest first. */
  readonly classes: readonly { readonly name: string; readonly probability: number }[];
  /** Of the predicted distribution, in nats. */
  readonly entropy: number;
}

/**
 * What a classifier sees in an image file (JPEG, PNG or WebP), reduced or enlarged to the size it takes, with the middle cut out as in its evaluation.
 * @throws FailureError naming the file where it can't be read
 */
export async function predict(classifier: TrainedClassifier, file: string): Promise<Prediction> {
  const { model, image, classes, centreShare } = classifier;
  let planes: Uint8Array;
  try {
    planes = await toPlanes(sharp(file, { failOn: "truncated" }), image, centreShare);
  } catch (error) {
    throw new FailureError(`${file}: can't be read as an image: ${(error as Error).message.split("\n")[0]}`, {
      cause: error,
    });
  }
  const { logits } = await model.run({ images: Float32Array.from(planes) });
  const values = Array.from(logits as Float32Array);
  const peak = Math.max(...values);
  const total = values.reduce((sum, value) => sum + Math.exp(value - peak), 0);
  const probabilities = values.map((value) => Math.exp(value - peak) / total);
  return {
    file,
    classes: probabilities
      .map((probability, i) => ({ name: classes[i] ?? "", probability }))
      .sort((a, b) => b.probability - a.probability),
    entropy: -probabilities.reduce((sum, p) => sum + (p === 0 ? 0 : p * Math.log(p)), 0),
  };
}
