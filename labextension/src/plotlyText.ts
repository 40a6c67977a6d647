/**
 * Text that is not ours (names of columns, sets, files) as plotly.js is to be given it. Plotly reads tags such as <b> and
 * <a href>, entities, formulas between dollar signs and, in templates, %{…}; all of that is to be read as it stands.
 */
export function plotlyText(text: string): string {
  return text.replace(/[&<>$]|%(?=\{)/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * The same for the titles of three-dimensional axes, which plotly.js draws by other means: tags are read there too, but
 * entities are not, so that signs that look alike stand for those of tags.
 */
export function plotlyText3d(text: string): string {
  return text
    .replaceAll("<", "‹")
    .replaceAll(">", "›")
    .replace(/%(?=\{)/g, "٪");
}
