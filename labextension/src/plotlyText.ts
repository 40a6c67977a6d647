/**
 * Text that is not ours (names of columns, sets, files) as plotly.js is to be given it. Plotly reads tags such as <b> and
 * <a href>, entities, formulas between dollar signs and, in templates, %{…}; all of that is to be read as it stands.
 */
export function plotlyText(text: string): string {
  return text.replace(/[&<>$%]/g, (character) => `&#${character.charCodeAt(0)};`);
}
