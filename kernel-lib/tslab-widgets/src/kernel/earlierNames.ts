import type * as TypeScript from "@tslab/typescript-for-tslab";

/**
 * Prepares a cell's syntax tree for tslab's converter, which turns every identifier whose symbol an earlier cell declared into
 * a property of `exports`. In two places it gets the symbol of a property instead of that of the variable: `{ r }` keeps the
 * bare name, which is undefined at run time, and the first name of `const { r: q } = p` becomes `exports.r`, where only a name
 * may stand, once an earlier cell has declared the type of p. Here `{ r }` becomes `{ r: exports.r }`, and that first name a
 * copy without a symbol.
 */
export function bindEarlierNames(
  ts: typeof TypeScript,
  checker: TypeScript.TypeChecker,
): TypeScript.TransformerFactory<TypeScript.SourceFile> {
  return (context) => (file) => {
    const { factory } = context;
    // The converter makes the file of earlier declarations the parent of a cell; modules have no parent.
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
