import type * as TypeScript from "@tslab/typescript-for-tslab";

/**
 * Prepares a cell's syntax tree for tslab's converter, which turns every identifier whose symbol an earlier cell
 * declared into a property of `exports`. It asks for the symbol of the identifier alone, and two places answer with a
 * property instead of the variable: `{ r }` keeps the bare name, which no scope knows at run time, and the first name
 * of `const { r: q } = p` becomes `exports.r`, where only a name may stand, once an earlier cell declared p's type.
 * Here `{ r }` becomes `{ r: exports.r }`, and that first name a copy that has no symbol.
 */
export function bindEarlierNames(
  ts: typeof TypeScript,
  checker: TypeScript.TypeChecker,
): TypeScript.TransformerFactory<TypeScript.SourceFile> {
  return (context) => (file) => {
    const { factory } = context;
    // The converter hangs a cell below the file of what earlier cells declared; modules have nothing above them.
    const earlier: TypeScript.Node | undefined = ts.getParseTreeNode(file)?.parent;
    if (!earlier) return file;

    const copy = (name: TypeScript.Identifier) =>
      ts.setSourceMapRange(factory.createIdentifier(ts.idText(name)), name);
    const isEarlier = (node: TypeScript.ShorthandPropertyAssignment) => {
      const symbol = checker.getShorthandAssignmentValueSymbol(ts.getParseTreeNode(node));
      return symbol?.declarations?.some((declaration) => declaration.getSourceFile() === earlier) === true;
    };
    const visit = (node: TypeScript.Node): TypeScript.Node => {
      const visited = ts.visitEachChild(node, visit, context);
      if (ts.isShorthandPropertyAssignment(visited) && isEarlier(visited)) {
        const { name, objectAssignmentInitializer: initial } = visited;
        const variable = ts.setSourceMapRange(
          factory.createPropertyAccessExpression(factory.createIdentifier("exports"), copy(name)),
          name,
        );
        const value = initial ? factory.createAssignment(variable, initial) : variable;
        return ts.setTextRange(factory.createPropertyAssignment(name, value), visited);
      }
      if (ts.isBindingElement(visited) && visited.propertyName && ts.isIdentifier(visited.propertyName)) {
        const { dotDotDotToken, propertyName, name, initializer } = visited;
        return factory.updateBindingElement(visited, dotDotDotToken, copy(propertyName), name, initializer);
      }
      return visited;
    };
    return ts.visitEachChild(file, visit, context);
  };
}
