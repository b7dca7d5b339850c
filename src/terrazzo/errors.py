"""The errors that terrazzo raises for a user's mistakes."""


class TerrazzoError(ValueError):
    """A mistake that the user can mend; its message is one sentence that says how."""


class ParameterError(TerrazzoError):
    """An argument is outside what is allowed."""


class InputError(TerrazzoError):
    """A file, store or array cannot be used as it is."""


class ModelError(TerrazzoError):
    """A model does not fit what it is applied to, or its file is not one of ours."""
