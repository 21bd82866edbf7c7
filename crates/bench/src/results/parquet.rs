//! Every run as a row for each number at each checkpoint.

use super::Results;
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use std::sync::Arc;

const SCHEMA: &str = "message runs {
    required binary strategy (UTF8);
    required binary table (UTF8);
    required binary dataset (UTF8);
    required int64 run;
    required double at;
    required binary unit (UTF8);
    required binary metric (UTF8);
    required double value;
}";

#[derive(Default)]
struct Columns {
    strategy: Vec<ByteArray>,
    table: Vec<ByteArray>,
    dataset: Vec<ByteArray>,
    run: Vec<i64>,
    at: Vec<f64>,
    unit: Vec<ByteArray>,
    metric: Vec<ByteArray>,
    value: Vec<f64>,
}

/// The content of `runs.parquet`.
pub(super) fn bytes(results: &Results<'_>) -> Result<Vec<u8>, ParquetError> {
    let columns = columns(results);
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let compression = Compression::ZSTD(ZstdLevel::try_new(9)?);
    let properties = WriterProperties::builder().set_compression(compression).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    write::<ByteArrayType>(&mut group, &columns.strategy)?;
    write::<ByteArrayType>(&mut group, &columns.table)?;
    write::<ByteArrayType>(&mut group, &columns.dataset)?;
    write::<Int64Type>(&mut group, &columns.run)?;
    write::<DoubleType>(&mut group, &columns.at)?;
    write::<ByteArrayType>(&mut group, &columns.unit)?;
    write::<ByteArrayType>(&mut group, &columns.metric)?;
    write::<DoubleType>(&mut group, &columns.value)?;
    group.close()?;
    writer.into_inner()
}

fn write<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    values: &[T::T],
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else { return Ok(()) };
    column.typed::<T>().write_batch(values, None, None)?;
    column.close()
}

fn columns(results: &Results<'_>) -> Columns {
    let bench = results.bench();
    let text = |text: &str| ByteArray::from(text.as_bytes().to_vec());
    let mut columns = Columns::default();
    for reported in &results.reported {
        for (contender, who) in bench.contenders.iter().enumerate() {
            for &at in &bench.protocol.checkpoints {
                for (run, value) in results.values(reported, contender, at).into_iter().enumerate() {
                    columns.strategy.push(text(&who.name));
                    columns.table.push(text(&reported.table));
                    columns.dataset.push(text(&reported.score.dataset));
                    columns.run.push(run as i64);
                    columns.at.push(at);
                    columns.unit.push(text(bench.protocol.budget.unit()));
                    columns.metric.push(text(&reported.score.metric));
                    columns.value.push(value);
                }
            }
        }
    }
    columns
}
