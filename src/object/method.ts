/** The one RPC method that every object of the class has. */
export const METHOD = '__migrations';
