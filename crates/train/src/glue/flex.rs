use super::{KernelGradients, KernelOps};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::TensorData;
use nascent_kernels::{BatchNorm, Conv2d, MaxPool2d, Path, Scratch, Smooth};
use std::borrow::Cow;
use std::cell::RefCell;

type FlexTensor = FloatTensor<Flex>;

thread_local! {
    /// What kernels work in, kept because a training step is many calls and fresh memory is slow.
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::default());
}

/// A tensor's numbers in row-major order, copied only where they lie otherwise.
fn numbers(tensor: &FlexTensor) -> Cow<'_, [f32]> {
    match tensor.as_slice::<f32>() {
        Some(slice) => Cow::Borrowed(slice),
        // A tensor of other numbers than float32 has none, and the kernel names the mismatch.
        None => Cow::Owned(tensor.to_contiguous().as_slice::<f32>().map(<[f32]>::to_vec).unwrap_or_default()),
    }
}

fn tensor<const D: usize>(numbers: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(numbers, shape))
}

impl KernelOps for Flex {
    fn convolve(x: FlexTensor, weight: FlexTensor, shape: Conv2d) -> FlexTensor {
        let (height, width) = shape.output_size();
        let mut y = vec![0.0; shape.output_len()];
        SCRATCH.with_borrow_mut(|scratch| {
            shape.forward(Path::best(), &numbers(&x), &numbers(&weight), None, &mut y, scratch);
        });
        tensor(y, [shape.batch, shape.outputs, height, width])
    }

    fn normalise(
        x: FlexTensor,
        scale: FlexTensor,
        shift: FlexTensor,
        shape: BatchNorm,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let mut y = vec![0.0; shape.len()];
        let found = shape.forward(Path::best(), &numbers(&x), &numbers(&scale), &numbers(&shift), &mut y);
        let y = FlexTensor::from_data(TensorData::new(y, x.shape()));
        (y, tensor(found.mean, [shape.channels]), tensor(found.variance, [shape.channels]))
    }

    fn pool_max(x: FlexTensor, shape: MaxPool2d) -> FlexTensor {
        let (height, width) = shape.output_size();
        let mut y = vec![0.0; shape.planes * height * width];
        shape.forward(Path::best(), &numbers(&x), &mut y);
        tensor(y, [1, shape.planes, height, width])
    }

    fn bend(x: FlexTensor, function: Smooth) -> FlexTensor {
        let mut y = vec![0.0; x.shape().num_elements()];
        function.forward(Path::best(), &numbers(&x), &mut y);
        FlexTensor::from_data(TensorData::new(y, x.shape()))
    }
}

impl KernelGradients for Flex {
    fn convolve_input(weight: FlexTensor, gradient: FlexTensor, shape: Conv2d) -> FlexTensor {
        let mut dx = vec![0.0; shape.input_len()];
        SCRATCH.with_borrow_mut(|scratch| {
            shape.input_gradient(Path::best(), &numbers(&weight), &numbers(&gradient), &mut dx, scratch);
        });
        tensor(dx, [shape.batch, shape.channels, shape.height, shape.width])
    }

    fn convolve_weight(x: FlexTensor, gradient: FlexTensor, shape: Conv2d) -> FlexTensor {
        let mut dweight = vec![0.0; shape.weight_len()];
        SCRATCH.with_borrow_mut(|scratch| {
            shape.weight_gradient(Path::best(), &numbers(&x), &numbers(&gradient), &mut dweight, scratch);
        });
        tensor(dweight, [shape.outputs, shape.channels / shape.groups, shape.kernel, shape.kernel])
    }

    fn normalise_inputs(
        [x, scale, shift, mean, variance]: [FlexTensor; 5],
        gradient: FlexTensor,
        shape: BatchNorm,
    ) -> [FlexTensor; 3] {
        let mut dx = vec![0.0; shape.len()];
        let (mut dscale, mut dshift) = (vec![0.0; shape.channels], vec![0.0; shape.channels]);
        shape.backward(
            Path::best(),
            (&numbers(&x), &numbers(&scale), &numbers(&shift)),
            (&numbers(&mean), &numbers(&variance)),
            &numbers(&gradient),
            &mut dx,
            &mut dscale,
            &mut dshift,
        );
        let dx = FlexTensor::from_data(TensorData::new(dx, x.shape()));
        [dx, tensor(dscale, [shape.channels]), tensor(dshift, [shape.channels])]
    }

    fn pool_max_input(x: FlexTensor, gradient: FlexTensor, shape: MaxPool2d) -> FlexTensor {
        let mut dx = vec![0.0; x.shape().num_elements()];
        shape.backward(Path::best(), &numbers(&x), &numbers(&gradient), &mut dx);
        FlexTensor::from_data(TensorData::new(dx, x.shape()))
    }

    fn bend_input(x: FlexTensor, gradient: FlexTensor, function: Smooth) -> FlexTensor {
        let mut dx = vec![0.0; x.shape().num_elements()];
        function.backward(Path::best(), &numbers(&x), &numbers(&gradient), &mut dx);
        FlexTensor::from_data(TensorData::new(dx, x.shape()))
    }
}
