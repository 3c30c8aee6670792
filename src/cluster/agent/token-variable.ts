/** The environment variable that holds a join token, which others would see among the arguments. */
export const tokenVariable = 'K8TS_TOKEN'
