import type { CanvasRenderingTarget2D } from "fancy-canvas";
import {
  type CustomData,
  customSeriesDefaultOptions,
  type CustomSeriesOptions,
  type CustomSeriesPricePlotValues,
  type CustomSeriesWhitespaceData,
  type ICustomSeriesPaneRenderer,
  type ICustomSeriesPaneView,
  type PaneRendererCustomData,
  type PriceToCoordinateConverter,
  type Time,
} from "lightweight-charts";
import type { Band } from "./fan.ts";

export interface FanData extends CustomData {
  readonly median: number;
  readonly bands: readonly Band[];
}

export interface FanOptions extends CustomSeriesOptions {
  readonly bandColors: readonly string[];
  readonly medianColor: string;
}

/** Nested bands with the median, as one series of a lightweight-charts chart. */
export class FanSeries implements ICustomSeriesPaneView<Time, FanData, FanOptions> {
  readonly #renderer = new FanRenderer();

  renderer(): FanRenderer {
    return this.#renderer;
  }

  update(data: PaneRendererCustomData<Time, FanData>, options: FanOptions): void {
    this.#renderer.show(data, options);
  }

  priceValueBuilder({ bands, median }: FanData): CustomSeriesPricePlotValues {
    const widest = bands[0];
    return widest === undefined ? [median] : [widest.low, widest.high, median];
  }

  isWhitespace(data: FanData | CustomSeriesWhitespaceData<Time>): data is CustomSeriesWhitespaceData<Time> {
    return !("median" in data);
  }

  defaultOptions(): FanOptions {
    return { ...customSeriesDefaultOptions, bandColors: [], medianColor: "black" };
  }
}

class FanRenderer implements ICustomSeriesPaneRenderer {
  #data: PaneRendererCustomData<Time, FanData> | undefined;
  #options: FanOptions | undefined;

  show(data: PaneRendererCustomData<Time, FanData>, options: FanOptions): void {
    this.#data = data;
    this.#options = options;
  }

  draw(target: CanvasRenderingTarget2D, toY: PriceToCoordinateConverter): void {
    const [data, options] = [this.#data, this.#options];
    if (data?.visibleRange == null || options === undefined) return;
    // One bar beyond either edge, so that the bands run off the pane instead of ending short of it.
    const bars = data.bars.slice(Math.max(0, data.visibleRange.from - 1), data.visibleRange.to + 1);
    target.useBitmapCoordinateSpace(({ context, horizontalPixelRatio, verticalPixelRatio }) => {
      context.save();
      context.scale(horizontalPixelRatio, verticalPixelRatio);
      for (const [i, color] of options.bandColors.entries()) {
        const lows = bars.map(({ x, originalData }) => ({ x, y: toY(originalData.bands[i]?.low ?? originalData.median) }));
        const highs = bars.map(({ x, originalData }) => ({ x, y: toY(originalData.bands[i]?.high ?? originalData.median) }));
        trace(context, [...lows, ...highs.toReversed()]);
        context.fillStyle = color;
        context.fill();
      }
      trace(context, bars.map(({ x, originalData }) => ({ x, y: toY(originalData.median) })));
      context.strokeStyle = options.medianColor;
      context.lineWidth = 1.5;
      context.setLineDash([5, 4]);
      context.stroke();
      context.restore();
    });
  }
}

function trace(context: CanvasRenderingContext2D, corners: readonly { x: number; y: number | null }[]): void {
  context.beginPath();
  for (const { x, y } of corners) if (y !== null) context.lineTo(x, y);
}
