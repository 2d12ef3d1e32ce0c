import { dirname, join } from 'node:path'
import ts from 'typescript'
import { root } from './entries.ts'

/** Files on disk, by what is made of them: programs that resolve modules in the same way share them. */
const parsed = new Map<string, ts.SourceFile>()
/** The compiler's own declarations are the same in each program. */
const isOfCompiler = (path: string) => /\/typescript\/lib\/lib\.[^/]+$/.test(path)

/** What the compiler says about modules that are not on disk but stand at these paths of the project, one line each. */
export function diagnose(
  modules: Readonly<Record<string, string>>,
  options: ts.CompilerOptions,
): string[] {
  const files = new Map(Object.entries(modules).map(([path, text]) => [join(root, path), text]))
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile, directoryExists } = host
  host.getCurrentDirectory = () => root
  host.fileExists = (path) => files.has(path) || fileExists(path)
  host.readFile = (path) => files.get(path) ?? readFile(path)
  host.directoryExists = (path) =>
    [...files.keys()].some((file) => dirname(file) === path) || directoryExists!(path)
  host.getSourceFile = (path, version, ...rest) => {
    const text = files.get(path)
    if (text !== undefined) return ts.createSourceFile(path, text, version)
    const { module, moduleResolution } = options
    const kind = isOfCompiler(path) ? path : `${module} ${moduleResolution} ${path}`
    const source = parsed.get(kind) ?? getSourceFile(path, version, ...rest)
    if (source) parsed.set(kind, source)
    return source
  }
  const program = ts.createProgram([...files.keys()], { noEmit: true, ...options }, host)
  return ts.getPreEmitDiagnostics(program).map((diagnostic) =>
    ts
      .formatDiagnostic(diagnostic, {
        getCurrentDirectory: () => root,
        getCanonicalFileName: (name) => name,
        getNewLine: () => '\n',
      })
      .trimEnd(),
  )
}

/** As strict as TypeScript gets, and as a project for an edge runtime is set up. */
export const STRICT: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
  types: [],
  // The compiler's own; all others are checked.
  skipDefaultLibCheck: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  verbatimModuleSyntax: true,
}

export const RESOLUTIONS: Readonly<Record<string, ts.CompilerOptions>> = {
  node16: { module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16 },
  nodenext: { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  bundler: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
}
