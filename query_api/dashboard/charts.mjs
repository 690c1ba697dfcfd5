// What the dashboard draws with: the parts of Apache ECharts that it uses, as one file (`make dashboard-vendor`).
import { BarChart, LineChart, SankeyChart, ScatterChart } from "echarts/charts";
import { GridComponent, LegendComponent, MarkAreaComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([
  BarChart, CanvasRenderer, GridComponent, LegendComponent, LineChart, MarkAreaComponent, MarkLineComponent, SankeyChart,
  ScatterChart, TooltipComponent,
]);

export { init } from "echarts/core";
