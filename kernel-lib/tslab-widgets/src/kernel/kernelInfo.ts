import { type Json, protocolVersion } from "./wire";

/**
 * Content of `kernel_info_reply`.
 * @param implementation name of the kernel
 * @param version        of the kernel
 */
export function kernelInfo(implementation: string, version: string): Json {
  return {
    status: "ok",
    protocol_version: protocolVersion,
    implementation,
    implementation_version: version,
    banner: `TypeScript (${implementation} ${version}) on Node ${process.versions.node}`,
    language_info: {
      name: "typescript",
      version: "5.0.4",
      mimetype: "text/typescript",
      file_extension: ".ts",
      pygments_lexer: "typescript",
      codemirror_mode: { mode: "typescript", name: "javascript", typescript: true },
      nbconvert_exporter: "script",
    },
    help_links: [
      { text: "TypeScript", url: "https://www.typescriptlang.org/docs/" },
      { text: "Node.js", url: "https://nodejs.org/api/" },
    ],
    debugger: false,
  };
}
