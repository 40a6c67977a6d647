import { BasicKeyHandler, BasicMouseHandler, type DataGrid } from "@lumino/datagrid";

/** Pixels from the edge of a header in which a drag resizes the column. */
const edgePixels = 5;

/** The grid's keys, with our own copy command and Tab to leave the table. */
export class GridKeyHandler extends BasicKeyHandler {
  constructor(private readonly copy: () => void) {
    super();
  }

  override onKeyDown(grid: DataGrid, event: KeyboardEvent): void {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "c") {
      event.preventDefault();
      event.stopPropagation();
      this.copy();
      return;
    }
    if (event.key === "Tab") return;
    super.onKeyDown(grid, event);
  }
}

/** The grid's mouse, with clicks on headers that sort. */
export class GridMouseHandler extends BasicMouseHandler {
  constructor(private readonly sort: (column: number) => void) {
    super();
  }

  override onMouseDown(grid: DataGrid, event: MouseEvent): void {
    const { region, column, x, width } = grid.hitTest(event.clientX, event.clientY);
    // With Shift or Ctrl a click selects the column; at an edge it resizes it
    const atEdge = x < edgePixels || width - x <= edgePixels;
    const isPlain = event.button === 0 && !event.shiftKey && !event.ctrlKey && !event.metaKey;
    if (region === "column-header" && isPlain && !atEdge) this.sort(column);
    else super.onMouseDown(grid, event);
  }
}

/** Scrolls a grid by touch until the signal aborts; the grid itself handles mouse and wheel only. */
export function scrollByTouch(grid: DataGrid, signal: AbortSignal): void {
  const { node } = grid.viewport;
  let last: Touch | undefined;
  const start = ({ touches }: TouchEvent) => {
    last = touches.length === 1 ? touches[0] : undefined;
  };
  const move = (event: TouchEvent) => {
    const [touch] = event.touches;
    if (!last || !touch || event.touches.length !== 1) return;
    event.preventDefault();
    grid.scrollBy(last.clientX - touch.clientX, last.clientY - touch.clientY);
    last = touch;
  };
  node.addEventListener("touchstart", start, { signal, passive: true });
  node.addEventListener("touchmove", move, { signal, passive: false });
}
