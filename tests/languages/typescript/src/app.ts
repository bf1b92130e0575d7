import { counted } from './records';

interface Event {
  Records: unknown[];
}

export const handler = async (event: Event): Promise<string> => counted(event.Records);
