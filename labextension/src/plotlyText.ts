/**
 * Escapes text for plotly.js, which would interpret tags such as <b> and <a href>, entities, formulas between dollar signs
 * and, in templates, %{…}. For all text from users: names of columns, sets and files.
 */
export function plotlyText(text: string): string {
  return text.replace(/[&<>$]|%(?=\{)/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * Escapes text for titles of three-dimensional axes. Plotly.js interprets tags there but not entities, so similar characters
 * replace angle brackets and the percent sign of templates.
 */
export function plotlyText3d(text: string): string {
  return text
    .replaceAll("<", "‹")
    .replaceAll(">", "›")
    .replace(/%(?=\{)/g, "٪");
}
