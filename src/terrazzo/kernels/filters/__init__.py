"""Filters that give the same bits under any crop.

Every filter works from float32 pixels in a fixed order and mirrors the image at its borders (d c b a | a b c d), as
scipy.ndimage's "reflect" does. At the border of a crop that is not the image's border a ring of pixels is wrong,
as wide as the filter's radius: the caller brings that much more. Images are volumes (z, y, x). What superpixels compare
is smoothed along all three axes; the filters of features work on each section alone.
"""

from terrazzo.kernels.filters.derivatives import gradient_and_laplacian as gradient_and_laplacian
from terrazzo.kernels.filters.eigenvalues import StructureTensor as StructureTensor
from terrazzo.kernels.filters.eigenvalues import hessian_eigenvalues as hessian_eigenvalues
from terrazzo.kernels.filters.gaussian import gaussian as gaussian
from terrazzo.kernels.filters.gaussian import gaussian_weights as gaussian_weights
from terrazzo.kernels.filters.gaussian import local_mean_and_std as local_mean_and_std
from terrazzo.kernels.filters.gaussian import masked_gaussian as masked_gaussian
from terrazzo.kernels.filters.gaussian import radius as radius
from terrazzo.kernels.filters.gaussian import sharpen_into as sharpen_into
from terrazzo.kernels.filters.pyramid import enlarged_into as enlarged_into
from terrazzo.kernels.filters.pyramid import halved as halved
