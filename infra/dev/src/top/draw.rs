//! Draws one frame: a summary line, the functions, both APIs and the tables, and the functions' own metrics.

use super::figures::{count, float, number, rate, time};
use super::history::View;
use super::table::{Column, alarm, right, table};
use local_cloud::metrics::{FunctionCounts, MetricCounts, Runner, Snapshot, Statuses, WebSocketCounts};
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Style, Stylize as _};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Cell, Paragraph, Widget};

const FUNCTIONS: [Column; 10] = [
    ("function", 16),
    ("invoked", 7),
    ("/s", 6),
    ("errors", 6),
    ("p50 ms", 6),
    ("p99 ms", 6),
    ("throttled", 9),
    ("now", 4),
    ("alive", 5),
    ("starts", 6),
];
/// The tables of totals have no header.
const TOTALS: [Column; 3] = [("", 8), ("", 6), ("", 8)];
const TABLES: [Column; 3] = [("units", 8), ("read", 7), ("write", 7)];
const METRICS: [Column; 7] =
    [("metric", 16), ("total", 8), ("/s", 7), ("average", 8), ("max", 8), ("values", 7), ("unit", 12)];

/// The rows of a table without entries: two borders and the header.
const EMPTY_TABLE_ROWS: u16 = 3;
/// The fewest rows of the panes: two borders and the rows of the WebSocket API.
const MIN_PANES_ROWS: u16 = 8;
/// In a narrower terminal, the panes are left out, because their numbers would not fit.
const MIN_PANES_WIDTH: u16 = 70;

impl View<'_> {
    /// The frame as text, without colours.
    pub fn text(&self, width: u16, height: u16) -> String {
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        self.render(area, &mut buffer);
        let line = |row| {
            let cells = (0..width).filter_map(|column| buffer.cell((column, row)));
            let line: String = cells.map(ratatui::buffer::Cell::symbol).collect();
            format!("{}\n", line.trim_end())
        };
        (0..height).map(line).collect()
    }

    /// How many rows a frame needs to show everything.
    pub fn height(&self) -> u16 {
        1 + self.trouble_rows() + rows(self.invoked().len()) + self.panes() + rows(self.now.metrics.len())
    }

    /// How many rows the panes need to show every table, with its header and two rows of sums.
    fn panes(&self) -> u16 {
        MIN_PANES_ROWS.max(2 + rows(self.now.tables.as_ref().map_or(0, Vec::len)))
    }

    fn trouble_rows(&self) -> u16 {
        u16::from(self.trouble.is_some())
    }

    /// The functions with invocations or throttles, busiest first.
    fn invoked(&self) -> Vec<&FunctionCounts> {
        let invoked = |function: &&FunctionCounts| function.invocations + function.throttles + function.in_flight > 0;
        let mut functions: Vec<_> = self.now.functions.iter().filter(invoked).collect();
        functions.sort_by_key(|function| (std::cmp::Reverse(function.invocations), &function.name));
        functions
    }

    fn header(&self) -> Line<'static> {
        let requests = self.rate(|sample| float(sample.http.requests.total() + sample.websocket.frames));
        Line::from(vec![
            Span::from("lambda-chat").bold(),
            Span::from(format!(
                "  {}  up {}  {} requests/s  {} connections",
                self.url,
                time(self.now.uptime_ms),
                rate(requests),
                self.now.websocket.connections
            )),
        ])
    }

    fn functions(&self, area: Rect, buffer: &mut Buffer) {
        let invoked = self.invoked();
        let row = |function: &&FunctionCounts| {
            let total = |sample: &Snapshot| {
                let same = sample.functions.iter().find(|other| other.name == function.name);
                same.map_or(0.0, |function| float(function.invocations))
            };
            let errors = function.errors.total();
            let or_dash = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), number);
            vec![
                Cell::from(function.name.clone()),
                right(count(function.invocations)),
                right(rate(self.rate(total))),
                right(count(errors)).style(alarm(errors)),
                right(or_dash(function.duration.map(|duration| duration.p50))),
                right(or_dash(function.duration.map(|duration| duration.p99))),
                right(count(function.throttles)).style(alarm(function.throttles)),
                right(count(function.in_flight)),
                right(or_dash(function.processes.map(|processes| float(processes.alive)))),
                right(or_dash(function.processes.map(|processes| float(processes.started)))),
            ]
        };
        let title = format!(" Functions: {} of {} invoked ", invoked.len(), self.now.functions.len());
        let rows = invoked.iter().map(row).collect();
        table(area, &FUNCTIONS, rows).block(Block::bordered().title(title)).render(area, buffer);
    }

    fn http(&self, area: Rect, buffer: &mut Buffer) {
        let row = |name, of: fn(&Statuses) -> u64| self.total(name, |sample| of(&sample.http.requests));
        let rows = vec![
            row("requests", Statuses::total),
            row("2xx", |statuses| statuses.success),
            row("3xx", |statuses| statuses.redirection),
            row("4xx", |statuses| statuses.client_error),
            row("5xx", |statuses| statuses.server_error),
        ];
        table(area, &TOTALS, rows).block(Block::bordered().title(" HTTP API ")).render(area, buffer);
    }

    fn websocket(&self, area: Rect, buffer: &mut Buffer) {
        let row = |name, of: fn(&WebSocketCounts) -> u64| self.total(name, |sample| of(&sample.websocket));
        let rows = vec![
            // The current number of connections is not a total, so it has no rate.
            vec![Cell::from("connections"), right(count(self.now.websocket.connections))],
            row("handshakes", |sockets| sockets.handshakes.total()),
            row("frames", |sockets| sockets.frames),
            row("posts", |sockets| sockets.posts.delivered),
            row("posts gone", |sockets| sockets.posts.gone),
            row("posts failed", |sockets| sockets.posts.throttled + sockets.posts.refused),
        ];
        table(area, &TOTALS, rows).block(Block::bordered().title(" WebSocket API ")).render(area, buffer);
    }

    /// A table row with a total and its rate.
    fn total(&self, name: &'static str, of: impl Fn(&Snapshot) -> u64) -> Vec<Cell<'static>> {
        let per_second = match self.rate(|sample| float(of(sample))) {
            Some(known) => format!("{}/s", rate(Some(known))),
            None => rate(None),
        };
        vec![Cell::from(name), right(count(of(self.now))), right(per_second)]
    }

    fn tables(&self, area: Rect, buffer: &mut Buffer) {
        let block = Block::bordered().title(" DynamoDB ");
        let Some(tables) = &self.now.tables else {
            return Paragraph::new("DynamoDB runs elsewhere: no numbers.").block(block).render(area, buffer);
        };
        let sum = |sample: &Snapshot| {
            let tables = sample.tables.iter().flatten();
            tables.fold((0.0, 0.0), |(read, write), table| (read + table.read_units, write + table.write_units))
        };
        let (read, write) = sum(self.now);
        let row = |name: &str, read, write| vec![Cell::from(name.to_owned()), right(read), right(write)];
        let mut rows = vec![
            row("all", number(read), number(write)),
            row("/s", rate(self.rate(|sample| sum(sample).0)), rate(self.rate(|sample| sum(sample).1))),
        ];
        let mut sorted: Vec<_> = tables.iter().collect();
        sorted.sort_by(|a, b| (b.read_units + b.write_units).total_cmp(&(a.read_units + a.write_units)));
        rows.extend(sorted.iter().map(|table| row(&table.name, number(table.read_units), number(table.write_units))));
        table(area, &TABLES, rows).block(block).render(area, buffer);
    }

    fn metrics(&self, area: Rect, buffer: &mut Buffer) {
        let metrics = &self.now.metrics;
        let one_namespace =
            metrics.first().filter(|first| metrics.iter().all(|other| other.namespace == first.namespace));
        let title = one_namespace.map_or_else(
            || " Metrics of the functions ".to_owned(),
            |first| format!(" Metrics of the functions in {} ", first.namespace),
        );
        let block = Block::bordered().title(title);
        if metrics.is_empty() {
            let why = match self.now.runner {
                Runner::Processes => "No function has printed a metric yet.",
                Runner::Endpoint => "No numbers: the functions run in cargo lambda watch, which prints their metrics.",
            };
            return Paragraph::new(why).block(block).render(area, buffer);
        }
        let row = |metric: &MetricCounts| {
            let is_same = |other: &&MetricCounts| other.namespace == metric.namespace && other.name == metric.name;
            let total = |sample: &Snapshot| sample.metrics.iter().find(is_same).map_or(0.0, |metric| metric.sum);
            let name = match one_namespace {
                Some(_) => metric.name.clone(),
                None => format!("{} {}", metric.namespace, metric.name),
            };
            vec![
                Cell::from(name),
                right(number(metric.sum)),
                right(rate(self.rate(total))),
                right(number(metric.sum / float(metric.count.max(1)))),
                right(number(metric.max)),
                right(count(metric.count)),
                right(metric.unit.clone().unwrap_or_default()),
            ]
        };
        let rows = metrics.iter().map(row).collect();
        table(area, &METRICS, rows).block(block).render(area, buffer);
    }
}

impl Widget for &View<'_> {
    /// If not everything fits, the tables of functions and metrics show fewer rows. If even less fits, the panes and
    /// the metrics are left out.
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let rest = area.height.saturating_sub(1 + self.trouble_rows());
        let panes = match area {
            _ if area.width < MIN_PANES_WIDTH || rest < MIN_PANES_ROWS + 2 * EMPTY_TABLE_ROWS => 0,
            _ if area.height < self.height() => MIN_PANES_ROWS,
            _ => self.panes(),
        };
        let left = rest - panes;
        let (functions, metrics) = split_rows(left, rows(self.invoked().len()), rows(self.now.metrics.len()));
        let heights = [1, self.trouble_rows(), functions, panes, metrics].map(Constraint::Length);
        let [top, trouble, functions, panes, metrics] = Layout::vertical(heights).areas(area);
        self.header().render(top, buffer);
        if let Some(why) = self.trouble {
            let text = format!("No answer: {why}. Trying again. These are the last numbers.");
            Line::from(text).style(Style::new().red().bold()).render(trouble, buffer);
        }
        self.functions(functions, buffer);
        // DynamoDB's pane is the widest, because the names of tables are the longest.
        let shares = [3, 3, 4].map(Constraint::Fill);
        let [http, websocket, tables] = Layout::horizontal(shares).areas(panes);
        self.http(http, buffer);
        self.websocket(websocket, buffer);
        self.tables(tables, buffer);
        self.metrics(metrics, buffer);
    }
}

/// Splits the remaining rows between the functions and the metrics. `functions` and `metrics` are the rows they need.
fn split_rows(left: u16, functions: u16, metrics: u16) -> (u16, u16) {
    if left < 2 * EMPTY_TABLE_ROWS {
        return (left.min(functions), 0);
    }
    let metrics = metrics.min((left / 2).max(left.saturating_sub(functions)));
    (functions.min(left - metrics), metrics)
}

/// How many rows a table with this many entries needs.
fn rows(entries: usize) -> u16 {
    EMPTY_TABLE_ROWS.saturating_add(u16::try_from(entries).unwrap_or(u16::MAX - 100))
}
