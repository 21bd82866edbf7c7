use crate::TrainError;

/// Where tensors live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Device {
    /// The processor.
    #[default]
    Cpu,
    /// An NVIDIA card, through CUDA.
    #[cfg(feature = "cuda")]
    Cuda,
    /// Any card, through WebGPU.
    #[cfg(feature = "wgpu")]
    Wgpu,
    /// Any card, through Vulkan.
    #[cfg(feature = "vulkan")]
    Vulkan,
    /// An Apple card, through Metal.
    #[cfg(feature = "metal")]
    Metal,
    /// An AMD card, through ROCm.
    #[cfg(feature = "rocm")]
    Rocm,
}

impl Device {
    /// The devices of this build, by name.
    #[must_use]
    pub fn all() -> Vec<(&'static str, Self)> {
        vec![
            ("cpu", Self::Cpu),
            #[cfg(feature = "cuda")]
            ("cuda", Self::Cuda),
            #[cfg(feature = "wgpu")]
            ("wgpu", Self::Wgpu),
            #[cfg(feature = "vulkan")]
            ("vulkan", Self::Vulkan),
            #[cfg(feature = "metal")]
            ("metal", Self::Metal),
            #[cfg(feature = "rocm")]
            ("rocm", Self::Rocm),
        ]
    }

    pub(crate) fn tensors(self) -> burn::tensor::Device {
        use burn::tensor::Device as Burn;
        match self {
            Self::Cpu => Burn::flex(),
            #[cfg(feature = "cuda")]
            Self::Cuda => Burn::cuda(0),
            #[cfg(feature = "wgpu")]
            Self::Wgpu => Burn::wgpu(burn::tensor::DeviceKind::DefaultDevice),
            #[cfg(feature = "vulkan")]
            Self::Vulkan => Burn::vulkan(burn::tensor::DeviceKind::DefaultDevice),
            #[cfg(feature = "metal")]
            Self::Metal => Burn::metal(burn::tensor::DeviceKind::DefaultDevice),
            #[cfg(feature = "rocm")]
            Self::Rocm => Burn::rocm(0),
        }
    }
}

impl std::str::FromStr for Device {
    type Err = TrainError;

    fn from_str(name: &str) -> Result<Self, TrainError> {
        let all = Self::all();
        all.iter().find(|(n, _)| *n == name).map(|(_, device)| *device).ok_or_else(|| TrainError::Device {
            name: name.into(),
            known: all.iter().map(|(n, _)| *n).collect::<Vec<_>>().join(", "),
        })
    }
}
