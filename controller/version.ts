// The version of the controller.

export const controllerVersion = '0.1.0';
