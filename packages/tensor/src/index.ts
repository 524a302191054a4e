export {
  decodeSafetensors,
  encodeSafetensors,
  type SafeTensor,
  type SafetensorsDtype,
  SafetensorsError,
  type SafetensorsFile,
  safetensorsChunks,
} from "./safetensors.ts";
